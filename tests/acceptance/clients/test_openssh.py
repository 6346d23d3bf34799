"""OpenSSH's own programs reach a droplet as they reach any machine."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.acceptance.clients.conftest import make_key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.clients.conftest import Machine


def test_a_command_runs(machine: Machine) -> None:
    """Input, output, complaints and exit code of a command on the droplet come through."""
    done = ssh(machine, "tr a-z A-Z; hostname >&2; exit 7", stdin=b"hello")
    assert (done.returncode, done.stdout) == (7, b"HELLO")
    assert done.stderr.split() == [b"clients"]


def test_files_are_copied(machine: Machine, tmp_path: Path) -> None:
    """A file is the same after it went to the droplet and came back."""
    there, back = tmp_path / "there", tmp_path / "back"
    there.write_bytes(bytes(range(256)) * 4096)
    place = f"root@{machine.address}:/root/copied"
    for source, target in ((str(there), place), (place, str(back))):
        subprocess.run(["scp", "-q", *machine.ssh_options(), source, target], check=True)
    assert back.read_bytes() == there.read_bytes()


def test_strangers_do_not_get_in(machine: Machine, tmp_path: Path) -> None:
    """Neither a key that the droplet does not know nor a host key that we do not is accepted."""
    strange = tmp_path / "strange"
    public = make_key(strange)
    refused = ssh(replace(machine, key=strange), "true")
    assert refused.returncode == 255
    assert b"Permission denied (publickey" in refused.stderr
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"{machine.address} {public}\n")
    refused = ssh(replace(machine, known_hosts=known_hosts), "true")
    assert refused.returncode == 255
    assert b"Host key verification failed" in refused.stderr


def ssh(machine: Machine, command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command on the droplet as root."""
    full = ["ssh", *machine.ssh_options(), f"root@{machine.address}", command]
    return subprocess.run(full, input=stdin, check=False, capture_output=True, timeout=60)
