"""The scripts of an adoption, run by a real shell on a home directory of their own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from docklet.render.adoption import adopting, answers, releasing

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
OTHER = OURS.replace("HR4f", "HR4g")
LINE = f"restrict {OURS} docklet-adopted-7\n"
USER = "ssh-rsa AAAA me@home\n"
HOST = "ssh-ed25519 AAAAhost root@web-1"


class Machine:
    """A home directory, and just as much of a machine as the scripts look at."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.homes = folder / "homes"
        self.bin = folder / "bin"
        self.bin.mkdir()
        (folder / "host.pub").write_text(f"{HOST}\n")
        for name, text in {"iptables": "", "id": "echo 0"}.items():
            (self.bin / name).write_text(f"#!/bin/sh\n{text}\n")
            (self.bin / name).chmod(0o755)
        (self.bin / "python3").symlink_to(sys.executable)
        for name in ("cat", "cp", "grep", "mkdir", "mv", "readlink", "rm", "rmdir", "sh", "tail"):
            (self.bin / name).symlink_to(str(shutil.which(name)))

    @property
    def keys(self) -> Path:
        """The file of those who are let in."""
        return self.root / ".ssh" / "authorized_keys"

    def write(self, text: str) -> None:
        """Let somebody in."""
        self.keys.parent.mkdir(exist_ok=True)
        self.keys.write_text(text)

    def run(self, script: str) -> dict[str, str]:
        """Run a script and return what it answers."""
        for real, ours in (
            ("/etc/ssh/ssh_host_ed25519_key.pub", self.root / "host.pub"),
            ("/var/run/docker.sock", self.root / "docker.sock"),
        ):
            script = script.replace(real, str(ours))
        done = subprocess.run(
            [str(self.bin / "sh"), "-s"],
            input=script.encode(),
            capture_output=True,
            check=True,
            env={"PATH": str(self.bin), "HOME": str(self.root)},
        )
        assert done.stderr == b""
        return answers(done.stdout)

    def adopt(self) -> dict[str, str]:
        """Run the script of an adoption."""
        return self.run(adopting(OURS, 7))

    def release(self) -> dict[str, str]:
        """Run the script that undoes it."""
        return self.run(releasing(OURS, 7, str(self.homes)))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Provide a machine on which Docker answers."""
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind("docker.sock")
        engine.listen()
        yield Machine(tmp_path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, LINE),
        ("", LINE),
        (USER, USER + LINE),
        (USER.rstrip(), USER + LINE),
        (USER + LINE, USER + LINE),
        (LINE + USER, LINE + USER),
        (f'from="10.0.0.1" {OURS} mine\n', f'from="10.0.0.1" {OURS} mine\n'),
        (f"# {LINE}", f"# {LINE}{LINE}"),
        (f"restrict {OTHER} docklet-adopted-7\n", f"restrict {OTHER} docklet-adopted-7\n{LINE}"),
    ],
)
def test_let_in_once(machine: Machine, before: str | None, after: str) -> None:
    """The line is added where the key is not let in, on a line of its own, and never twice."""
    if before is not None:
        machine.write(before)
    for _ in range(2):
        assert machine.adopt() == {"host-key": HOST}
        assert machine.keys.read_text() == after
    assert machine.keys.stat().st_mode & 0o077 == (0 if before is None else 0o044)


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ("bin/iptables", "iptables"),
        ("bin/python3", "python3"),
        ("host.pub", "host-key"),
        ("docker.sock", "docker"),
        ("bin/id", "root"),
    ],
)
def test_missing(machine: Machine, gone: str, words: str) -> None:
    """Whatever runs need and the machine lacks is told, and nothing is changed."""
    machine.write(USER)
    (machine.root / gone).unlink()
    if gone == "bin/id":
        (machine.bin / "id").symlink_to("/bin/false")
    assert machine.adopt() == {"missing": words}
    assert machine.keys.read_text() == USER


def test_daemon_that_is_gone(machine: Machine) -> None:
    """A socket behind which nobody listens is no Docker."""
    (machine.root / "docker.sock").unlink()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind("docker.sock")
    assert machine.adopt() == {"missing": "docker"}


def test_old_python(machine: Machine) -> None:
    """A Python that is too old is none; all that is missing is told at once."""
    (machine.bin / "python3").unlink()
    (machine.bin / "python3").symlink_to("/bin/false")
    (machine.bin / "iptables").unlink()
    assert machine.adopt() == {"missing": "python3 iptables"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        (USER, USER),
        (USER + LINE, USER),
        (LINE + USER, USER),
        (LINE, ""),
        (f"{LINE}{USER}restrict {OTHER} docklet-adopted-7\n", USER),
        (f"restrict {OTHER} docklet-adopted-77\n", f"restrict {OTHER} docklet-adopted-77\n"),
        (f'from="10.0.0.1" {OURS} mine\n{USER}', USER),
    ],
)
def test_taken_out(machine: Machine, before: str, after: str) -> None:
    """All that adoptions of this droplet let in goes, by whichever token; the rest stays."""
    machine.write(before)
    machine.keys.chmod(0o640)
    for _ in range(2):
        assert machine.release() == {"removed": ""}
        assert machine.keys.read_text() == after
    assert machine.keys.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in machine.keys.parent.iterdir()] == ["authorized_keys"]


def test_link_stays_one(machine: Machine) -> None:
    """A file of keys that lives elsewhere stays there."""
    (machine.root / "real").write_text(USER + LINE)
    machine.keys.parent.mkdir()
    machine.keys.symlink_to(machine.root / "real")
    machine.release()
    assert machine.keys.is_symlink()
    assert (machine.root / "real").read_text() == USER


def test_nobody_was_ever_let_in(machine: Machine) -> None:
    """Without a file of keys there is nothing to take out, and none is made."""
    assert machine.release() == {"removed": ""}
    assert not machine.keys.parent.exists()


def test_directory_of_the_runs(machine: Machine) -> None:
    """The directory that held the runs' goes with the key, but for a run that is at work."""
    (machine.homes / "run").mkdir(parents=True)
    machine.release()
    assert machine.homes.exists()
    (machine.homes / "run").rmdir()
    machine.release()
    assert not machine.homes.exists()


def test_not_to_be_written(machine: Machine) -> None:
    """A file that can't be written is told by the exit code."""
    machine.keys.mkdir(parents=True)
    with pytest.raises(subprocess.CalledProcessError):
        machine.adopt()
