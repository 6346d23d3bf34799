"""A look into a container of Docker while it runs: its processes, and all that is on its disk."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.acceptance.canaries import Cage

# Writes down every argument list and environment that it has not seen of a process, until its
# input ends. Processes of another PID namespace are those of a container inside.
_SAMPLER = """
import base64, json, os, select, sys, time

def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""

def space(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""

here, me, seen, rounds, began = space("self"), str(os.getpid()), set(), 0, time.monotonic()
while not select.select([sys.stdin], [], [], 0.025)[0]:
    rounds += 1
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or pid == me:
            continue
        for kind in ("cmdline", "environ"):
            content = read(f"/proc/{pid}/{kind}")
            if content and (pid, kind, content) not in seen:
                seen.add((pid, kind, content))
                text = base64.b64encode(content).decode()
                inside = space(pid) not in (here, "")
                sight = {"pid": int(pid), "kind": kind, "inside": inside, "content": text}
                print(json.dumps(sight), flush=True)
print(json.dumps({"rate": rounds / (time.monotonic() - began)}), flush=True)
"""
_FILES = r"""
set -- $(ls -d /* | grep -vxE '/(proc|sys)')
grep -raoHZF -D skip -f - "$@" 2>/dev/null || :
"""
_NAMES = r"find / -path /proc -prune -o -path /sys -prune -o -printf '%p %l\n'"


@dataclass(frozen=True)
class Sight:
    """What one process had as its arguments or its environment."""

    pid: int
    kind: str
    """`cmdline` or `environ`."""
    inside: bool
    """Whether the process belongs to a container in the container."""
    content: bytes


@dataclass
class Watch:
    """What was seen of a container's processes."""

    sights: list[Sight] = field(default_factory=list)
    rate: float = 0.0
    """Rounds a second; 0 if the container ended first."""

    def add(self, line: bytes) -> None:
        """Take a line of the sampler's."""
        fields = json.loads(line)
        if "rate" in fields:
            self.rate = fields["rate"]
            return
        fields["content"] = base64.b64decode(fields["content"])
        self.sights.append(Sight(**fields))

    def heard(self, cage: Cage) -> set[tuple[str, bool, str]]:
        """Return kind, whether inside, and name of all canaries that were seen."""
        return {
            (sight.kind, sight.inside, name)
            for sight in self.sights
            for name in cage.heard(sight.content)
        }


@contextmanager
def watched(container: str, folder: Path, python: str = "python3") -> Iterator[Watch]:
    """Watch a container's processes, about forty times a second, from when it has Python on."""
    watch = Watch()
    notes = folder / f"processes-of-{container}"
    with notes.open("wb") as sink:
        command = ["docker", "exec", "-i", container, python, "-c", _SAMPLER]
        sampler = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=sink, stderr=subprocess.PIPE
        )
        try:
            yield watch
        finally:
            sampler.communicate(timeout=30)
    for line in notes.read_bytes().splitlines():
        watch.add(line)
    notes.unlink()


def inside(container: str, *command: str, stdin: bytes = b"") -> bytes:
    """Run a command in a container and return what it prints."""
    full = ["docker", "exec", "-i", container, *command]
    return subprocess.run(full, input=stdin, check=True, capture_output=True, timeout=240).stdout


def running(container: str, seconds: float = 30) -> str:
    """Wait until a container runs, and return its name."""
    end = time.monotonic() + seconds
    probe = ["docker", "exec", container, "true"]
    while subprocess.run(probe, check=False, capture_output=True).returncode:
        assert time.monotonic() < end, f"{container} does not run."
        time.sleep(0.05)
    return container


def heard_on_disk(container: str, cage: Cage) -> set[tuple[str, str]]:
    """Return file and canary of all that is found in files, their names and their links."""
    found = set()
    for line in inside(container, "sh", "-c", _FILES, stdin=cage.patterns).splitlines():
        file, _, match = line.partition(b"\0")
        found |= {(file.decode(errors="replace"), name) for name in cage.heard(match)}
    return found | cage.heard_in({"names": inside(container, "sh", "-c", _NAMES)})
