"""The agent runs a script in a container, and tells truly how that went."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import struct
import subprocess
import tarfile
import time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from docklet.droplet.killings import Killings
from tests.acceptance.agent_rig import IMAGE, OPEN, Rig, installed, make_repository

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "canary-user-secret-8c1d"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Provide an agent with a checkout."""
    sha = make_repository(tmp_path / "source", {"script.sh": "echo hello\n", "sub/x": "x"})
    with installed(tmp_path / f"agent{os.getpid()}-{time.time_ns()}") as rig:
        url = f"file://{tmp_path}/source"
        assert rig.ask("checkout", url=url, sha=sha)["head"] == sha
        yield rig


def docker(*arguments: str, stdin: bytes = b"") -> str:
    """Run the docker command."""
    done = subprocess.run(("docker", *arguments), check=True, capture_output=True, input=stdin)
    return done.stdout.decode().strip()


@pytest.fixture
def imported() -> Iterator[list[str]]:
    """Collect names of images to be removed, once the rig has removed its containers."""
    names: list[str] = []
    yield names
    for name in names:
        docker("rmi", name)


@pytest.mark.parametrize("code", [0, 1, 3, 125, 126, 127, 143, 255])
def test_exit_codes_are_the_scripts(rig: Rig, code: int) -> None:
    """A script's own exit code comes through, also those that Docker uses."""
    ending = rig.run(f"echo hello; exit {code}")
    assert (ending["kind"], ending["exit_code"]) == ("exited", code)
    assert rig.log() == b"hello\n"
    assert ending["log_bytes"] == 6
    assert ending["usage"]["samples"] >= 1
    assert len(ending["usage"]["series"]) == ending["usage"]["samples"] - 1
    assert ending["usage"]["peak_memory"] > 0


def test_a_killed_script(rig: Rig) -> None:
    """Death by a signal is not taken for a lack of memory."""
    ending = rig.run("kill -9 $$")
    assert (ending["kind"], ending["exit_code"]) == ("exited", 137)


def test_what_the_script_sees(rig: Rig) -> None:
    """It runs in the working directory, without input, terminal or anything of ours."""
    ending = rig.run(
        "pwd; cat; read x && echo input; test -t 1 && echo terminal; env | cut -d= -f1 | sort;"
        " cat ../script.sh; ls /var/run/docker.sock; grep NoNewPrivs /proc/self/status",
        workdir="sub",
    )
    assert ending["exit_code"] == 0
    told = rig.log().decode()
    assert told.startswith("/work/sub\nHOME\nHOSTNAME\n")
    assert "input" not in told
    assert "terminal" not in told
    assert "echo hello" in told
    assert "NoNewPrivs:\t1" in told
    assert "docklet" not in told.lower().replace("docklet-", "")


def test_output_and_errors_keep_their_order(rig: Rig) -> None:
    """Lines of both outputs are in the log in the order in which they were written."""
    rig.run("for i in $(seq 300); do echo $i; echo $i >&2; done")
    assert rig.log() == b"".join(b"%d\n%d\n" % (i, i) for i in range(1, 301))


def test_a_large_binary_log(rig: Rig) -> None:
    """50 MB of random bytes arrive whole although following is cut again and again."""
    rig.start("head -c 50000000 /dev/urandom | tee /work/copy")
    received = b""
    for _ in range(5):
        follower = rig.popen("follow", offset=len(received))
        assert follower.stdout is not None
        received += follower.stdout.read(3_000_000)
        follower.kill()
        follower.communicate()
    status, rest = rig.stream("follow", offset=len(received))
    received += rest
    original = (rig.work / "copy").read_bytes()
    assert status == 0
    assert len(received) == 50_000_000
    assert hashlib.sha256(received).digest() == hashlib.sha256(original).digest()
    assert rig.ask("ending")["log_bytes"] == 50_000_000


def test_following_is_prompt(rig: Rig) -> None:
    """What a script prints is passed on within a moment."""
    rig.start("sleep 1; date +%s.%N; sleep 2")
    follower = rig.popen("follow", offset=0)
    assert follower.stdout is not None
    said = float(follower.stdout.readline())
    assert time.time() - said < 0.5
    follower.communicate()
    assert follower.returncode == 0


def test_a_follower_that_is_left_alone_ends(rig: Rig) -> None:
    """A connection that has gone does not leave a process behind."""
    rig.start("sleep 5")
    with rig.popen("follow", offset=0) as follower:
        assert follower.stdout is not None
        follower.stdout.close()
        assert follower.wait(timeout=2) == 4
    rig.ask("stop", grace=0)


def test_secrets_of_the_user(rig: Rig) -> None:
    """The script gets its variables to the byte; nothing else on the machine shows them."""
    value = f"{SECRET} 'quoted' \"$HOME\" \\n %s ä\t end "
    rig.start('printf %s "$CANARY"; sleep 2; test -z "$(cat)"', env={"CANARY": value})
    inspected = docker("inspect", rig.container)
    told = [inspected.encode()]
    for path in Path("/proc").glob("[0-9]*"):
        if b"sleep" not in (text := arguments_of(path)):
            told += [text, environment_of(path)]
    assert rig.stream("follow", offset=0) == (0, value.encode())
    assert rig.ask("ending")["exit_code"] == 0
    assert not [text for text in told if SECRET.encode() in text]
    identity = json.loads(inspected)[0]["Id"]
    places = [f"/var/lib/docker/containers/{identity}", *map(str, rig.home.iterdir())]
    places.remove(str(rig.home / "log"))
    found = subprocess.run(("grep", "-rl", SECRET, *places), capture_output=True, check=False)
    assert found.stdout == b""


def arguments_of(path: Path) -> bytes:
    """Return a process's arguments."""
    return contents(path / "cmdline")


def environment_of(path: Path) -> bytes:
    """Return a process's environment, but not one inside of a container."""
    inside = b"docker" in contents(path / "cgroup")
    return b"" if inside else contents(path / "environ")


def contents(path: Path) -> bytes:
    """Return a file of /proc, or nothing if the process has ended."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_the_time_limit(rig: Rig) -> None:
    """A script that ignores the polite signal is killed after the grace."""
    began = time.monotonic()
    ending = rig.run("trap '' TERM; echo on; while :; do sleep 0.1; done", timeout=1.5, grace=1)
    assert ending["kind"] == "timed-out"
    assert ending["exit_code"] == 137
    assert 2.0 < ending["finished"] - ending["started"] < 6.0
    assert time.monotonic() - began < 10
    assert rig.log() == b"on\n"


def test_more_time(rig: Rig) -> None:
    """A script that was given more time is ended by its new limit, which the ending names."""
    rig.start("echo on; sleep 4; echo more; exec sleep 60", timeout=3)
    assert rig.ask("extend", limit=5)["extended"] is True
    answer = rig.ask("extend", limit=1)
    assert answer["extended"] is True
    assert 0 < answer["left"] <= 5
    assert rig.stream("follow", offset=0) == (0, b"on\nmore\n")
    ending = rig.ask("ending")
    assert (ending["kind"], ending["limit"]) == ("timed-out", 5)
    assert "its time limit of 5s" in ending["message"]
    assert rig.ask("extend", limit=90)["extended"] is False


def test_a_stopped_script(rig: Rig) -> None:
    """Stopping is polite first, and the ending says that it was us."""
    rig.start("trap 'echo bye; exit 7' TERM; echo on; while :; do sleep 0.1; done")
    time.sleep(0.5)
    assert rig.ask("keep", seal="sealed") == {"kept": True}
    assert rig.ask("stop", grace=5, by="ada") == {"stopping": True, "ended": False}
    assert rig.stream("follow", offset=0) == (0, b"on\nbye\n")
    ending = rig.ask("ending")
    assert (ending["kind"], ending["exit_code"]) == ("stopped", 7)
    assert (ending["message"], ending["keep"]) == (
        "The script was stopped on request of ada.",
        "sealed",
    )
    assert rig.ask("keep", seal="late") == {"kept": False}
    assert rig.ask("stop", grace=5) == {"stopping": False, "ended": True}


def test_starting_twice_is_starting_once(rig: Rig) -> None:
    """A repeated request answers the same and runs nothing again."""
    first = rig.start("echo once >> /work/times; sleep 1")
    assert rig.start("echo once >> /work/times; sleep 1") == first
    assert rig.stream("follow", offset=0)[0] == 0
    assert rig.start("echo once >> /work/times") == first
    assert (rig.work / "times").read_text() == "once\n"


@pytest.mark.parametrize("env", [{}, {"A": "b"}])
@pytest.mark.parametrize("command", ["/nowhere/Rscript", "Rscript", "./script.sh", "/work"])
def test_an_image_that_can_not_run_the_script(rig: Rig, command: str, env: dict[str, str]) -> None:
    """A command that the image lacks is the image's fault, not the script's."""
    ending = rig.run("", argv=[command, "x"], env=env)
    assert (ending["kind"], ending["exit_code"]) == ("image-cannot-run", None)
    assert command in ending["message"]


# Machine code for x86-64: write(1, message, 3), then exit(7).
CODE = bytes.fromhex("b801000000bf01000000488d351a000000ba030000000f05b83c000000bf070000000f05")


def tiny_program() -> bytes:
    """Return an executable that needs nothing around it."""
    text = CODE[:13] + struct.pack("<i", len(CODE) - 17) + CODE[17:] + b"hi\n"
    base, size = 0x400000, 120 + len(CODE) + 3
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, base + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 4096) + text


def import_image(name: str, files: dict[str, bytes], *changes: str) -> str:
    """Make an image of a few files."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.mode, member.size = 0o755, len(content)
            archive.addfile(member, BytesIO(content))
    options = [part for change in changes for part in ("--change", change)]
    docker("import", *options, "-", name, stdin=buffer.getvalue())
    return name


def test_an_image_without_a_shell(imported: list[str], rig: Rig) -> None:
    """No shell is needed, unless the user asks for variables."""
    name = import_image(f"docklet-test/{rig.home.name}", {"tiny": tiny_program()})
    imported.append(name)
    refused = rig.ask("start", image=name, argv=["/tiny"], timeout=9, env={"A": "b"}, **OPEN)
    assert refused["error"]["kind"] == "image-cannot-run"
    ending = rig.run("", image=name, argv=["/tiny"])
    assert (ending["kind"], ending["exit_code"]) == ("exited", 7)
    assert rig.log() == b"hi\n"


def test_an_image_with_a_user_of_its_own(imported: list[str], rig: Rig) -> None:
    """The image's user can write everywhere in the tree, and nothing counts as changed."""
    name = f"docklet-test/{rig.home.name}"
    made = docker("create", IMAGE, "true")
    docker("commit", "--change", "USER games", made, name)
    docker("rm", made)
    imported.append(name)
    ending = rig.run("id -un; echo more >> sub/x; echo new > sub/new", image=name)
    assert ending["exit_code"] == 0
    assert rig.log() == b"games\n"
    _, archive = rig.stream("collect")
    with tarfile.open(fileobj=BytesIO(archive)) as opened:
        names = opened.getnames()
    assert names == ["manifest.json", "files/sub/new", "files/sub/x"]


def test_memory(rig: Rig) -> None:
    """A script that eats too much is told so, also if only a child of it is killed."""
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    ending = rig.run(
        "head -c 600m /dev/zero | tail; exit 1", reserve_memory=total - 300 * 1024 * 1024
    )
    assert (ending["kind"], ending["exit_code"]) == ("out-of-memory", 1)
    limit = json.loads(docker("inspect", rig.container))[0]["HostConfig"]["Memory"]
    assert limit == 300 * 1024 * 1024


def test_killings_are_counted_while_the_script_goes_on() -> None:
    """A child that is killed is seen by the kernel's own count, and stays counted afterwards."""
    script = "head -c 200m /dev/zero | tail > /dev/null; touch /done; sleep 60"
    name = f"docklet-killings-{os.getpid()}"
    docker("run", "-d", "--name", name, "--memory=60m", IMAGE, "sh", "-c", script)
    try:
        killings = Killings(int(docker("inspect", "-f", "{{.State.Pid}}", name)))
        deadline = time.monotonic() + 30
        while not killings.look() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert killings.count == 1
        assert docker("inspect", "-f", "{{.State.Running}}", name).strip() == "true"
    finally:
        docker("rm", "-f", name)
    assert killings.look() == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_a_full_disk(tmp_path: Path) -> None:
    """A script that fills the disk ends with its exit code, and the ending names the reason."""
    sha = make_repository(tmp_path / "source", {"x": "x"})
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=40m", "none", str(small)), check=True)
    try:
        with installed(small / f"agent{time.time_ns()}") as rig:
            rig.ask("checkout", url=f"file://{tmp_path}/source", sha=sha)
            ending = rig.run("echo first; head -c 60m /dev/zero; echo x > /work/y || exit 9")
            assert (ending["kind"], ending["exit_code"]) == ("disk-full", 9)
            assert ending["log_bytes"] + ending["log_lost"] > 60 * 1024 * 1024
            assert rig.log().startswith(b"first\n\0")
    finally:
        subprocess.run(("umount", str(small)), check=True)


def test_a_supervisor_that_dies(rig: Rig) -> None:
    """Followers are told, the ending is lost rather than invented, and stop still works."""
    rig.start("echo on; sleep 30")
    time.sleep(0.5)
    os.kill(supervisor(rig), signal.SIGKILL)
    assert rig.stream("follow", offset=0) == (3, b"on\n")
    ending = rig.ask("ending")
    assert (ending["ended"], ending["kind"], ending["exit_code"]) == (True, "lost", None)
    assert rig.ask("stop", grace=0) == {"stopping": False, "ended": True}
    assert rig.ask("ending")["kind"] == "stopped"


def supervisor(rig: Rig) -> int:
    """Return the supervisor's process id."""
    agent = str(rig.home / "agent.pyz").encode()
    found = [path for path in Path("/proc").glob("[0-9]*") if agent in contents(path / "cmdline")]
    assert len(found) == 1
    return int(found[0].name)


def test_a_reboot(rig: Rig) -> None:
    """A machine that has booted again has lost the script, and says why."""
    rig.run("exit 0")
    (rig.home / "ending.json").unlink()
    job = json.loads((rig.home / "job.json").read_text())
    (rig.home / "job.json").write_text(json.dumps({**job, "boot": "another"}))
    ending = rig.ask("ending")
    assert ending["kind"] == "lost"
    assert "reboot" in ending["message"]


def test_the_supervisor_is_detached(rig: Rig) -> None:
    """It leads no terminal's session, holds no stream of its starter, and names no secret."""
    rig.start("sleep 2", env={"CANARY": SECRET})
    process = Path(f"/proc/{supervisor(rig)}")
    assert os.getsid(int(process.name)) != os.getsid(0)
    assert {str((process / "fd" / name).readlink()) for name in "01"} == {"/dev/null"}
    assert (process / "oom_score_adj").read_text() == best_protection()
    assert rig.stream("follow", offset=0)[0] == 0
    assert (rig.home / "supervisor.err").read_text() == ""


def best_protection() -> str:
    """Return the memory killer's score for a process that asks for mercy on this machine."""
    ask = "echo -1000 > /proc/self/oom_score_adj; cat /proc/self/oom_score_adj"
    return subprocess.run(("sh", "-c", ask), capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("request_fields", "kind"),
    [
        ({"workdir": "missing"}, "workdir-missing"),
        ({"workdir": "../.."}, "workdir-missing"),
        ({"image": "docklet-test/none:1"}, "image-missing"),
        ({"env": {"A B": "c"}}, "request"),
        ({"env": {"A": "b\nC=d"}}, "request"),
        ({"argv": []}, "request"),
        ({"timeout": "soon"}, "request"),
    ],
)
def test_refusals(rig: Rig, request_fields: dict[str, object], kind: str) -> None:
    """What can't be started is refused by kind, and can be started rightly afterwards."""
    assert rig.start("exit 0", **request_fields)["error"]["kind"] == kind
    assert rig.run("exit 0")["exit_code"] == 0


def test_the_metadata_service_is_cut_off(rig: Rig) -> None:
    """Before a container starts, link-local addresses are out of every container's reach."""
    rule = ("DOCKER-USER", "-d", "169.254.0.0/16", "-j", "DROP")
    check = ("iptables", "--wait", "10", "-C", *rule)
    was_there = subprocess.run(check, capture_output=True, check=False).returncode == 0
    try:
        rig.run("exit 0", metadata_open=False)
        assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    finally:
        if not was_there:
            subprocess.run(("iptables", "--wait", "10", "-D", *rule), check=True)


def test_a_local_image_counts_as_pulled(rig: Rig) -> None:
    """Where that is allowed, an image of this machine need not exist anywhere else."""
    answer = rig.ask("pull", image=IMAGE, local_ok=True)
    assert answer["image_id"].startswith("sha256:")
    assert answer["pulled"] is False


def test_cleaning_up(rig: Rig) -> None:
    """Nothing is left of a run, not even of one that still goes on."""
    rig.start("sleep 60")
    assert rig.ask("clean") == {"cleaned": True}
    assert not rig.home.exists()
    names = docker("ps", "--all", "--format", "{{.Names}}").split()
    assert rig.container not in names
    Rig.install(rig.home)
