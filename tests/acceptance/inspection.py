"""A look into a container of Docker while it runs: its processes, and all that is on its disk."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.acceptance.canaries import Cage

# Writes down every new pair of arguments and environment of a process, until its input ends or its
# container does, fifty times a second: a round that is late is made up for by a shorter pause.
# Processes of another PID namespace are those of a container inside. A process that has become
# another program between two looks is left to the next round: its halves do not belong together.
_SAMPLER = """
import base64, json, os, select, sys, time

def read(pid, name):
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""

def space(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""

here, me, seen, rounds, began = space("self"), str(os.getpid()), set(), 0, time.monotonic()
due = began
while not select.select([sys.stdin], [], [], max(0.002, due - time.monotonic()))[0]:
    rounds, due = rounds + 1, max(due, time.monotonic() - 0.02) + 0.02
    if rounds % 50 == 1:
        print(json.dumps(rounds / (time.monotonic() - began)), flush=True)
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or pid == me:
            continue
        arguments, environment, inside = read(pid, "cmdline"), read(pid, "environ"), space(pid)
        sight = (pid, arguments, environment)
        if arguments and sight not in seen and read(pid, "cmdline") == arguments:
            seen.add(sight)
            texts = [base64.b64encode(text).decode() for text in (arguments, environment)]
            print(json.dumps([*texts, inside not in (here, "")]), flush=True)
print(json.dumps(rounds / (time.monotonic() - began)), flush=True)
"""
# What has not changed since the machine was ordered is from its image, and older than any token.
_FILES = r"""
cat > /dev/shm/patterns
find / '(' -path /proc -o -path /sys -o -path /dev/shm/patterns ')' -prune \
    -o -type f -newerct "@$1" -print0 | xargs -0r grep -aoHZF -f /dev/shm/patterns
rm /dev/shm/patterns
"""
_NAMES = r"find / -path /proc -prune -o -path /sys -prune -o -printf '%p %l\n'"


@dataclass(frozen=True)
class Sight:
    """One program that a process ran."""

    arguments: bytes
    environment: bytes
    inside: bool
    """Whether it belongs to a container in the container."""

    def heard(self, cage: Cage) -> set[tuple[str, bool, str]]:
        """Return where it has which canaries, and whether that is inside."""
        places = {"arguments": self.arguments, "environment": self.environment}
        return {(place, self.inside, name) for place, name in cage.heard_in(places)}


@dataclass
class Watch:
    """What was seen of a container's processes."""

    sights: list[Sight] = field(default_factory=list)
    rate: float = 0.0
    """Rounds a second; 0 if there was none."""

    def add(self, line: bytes) -> None:
        """Take a line of the sampler's."""
        said = json.loads(line)
        if isinstance(said, float):
            self.rate = said
        else:
            arguments, environment, inside = said
            texts = base64.b64decode(arguments), base64.b64decode(environment)
            self.sights.append(Sight(*texts, inside))

    def without(self, program: bytes) -> Watch:
        """Return what was seen of all programs but one."""
        return Watch([one for one in self.sights if program not in one.arguments], self.rate)

    def ran(self, program: bytes) -> bool:
        """Tell whether a program was seen."""
        return any(program in one.arguments for one in self.sights)

    def heard(self, cage: Cage) -> set[tuple[str, bool, str]]:
        """Return all that is heard in any process."""
        return {trace for sight in self.sights for trace in sight.heard(cage)}


@contextmanager
def watched(container: str, folder: Path, python: str = "python3") -> Iterator[Watch]:
    """Watch a container's processes, fifty times a second, to the end of the block or its own."""
    watch = Watch()
    notes = folder / f"processes-of-{container}"
    with notes.open("wb") as sink:
        # Where it may be, it is served before others: whoever looks seldom sees little.
        first = ["nice", "-n", "-10", python]
        command = ["docker", "exec", "-i", container, *first, "-c", _SAMPLER]
        sampler = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=sink, stderr=subprocess.PIPE
        )
        try:
            yield watch
        finally:
            sampler.communicate(timeout=30)
    for line in notes.read_bytes().split(b"\n")[:-1]:  # one that its end has cut is no line
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
    ask = ["docker", "inspect", "--format", "{{.Created}}", container]
    created = subprocess.run(ask, check=True, capture_output=True, text=True).stdout
    since = str(int(datetime.fromisoformat(created.strip()).timestamp()))
    found = set()
    matches = inside(container, "sh", "-c", _FILES, "sh", since, stdin=cage.patterns)
    for line in matches.splitlines():
        file, _, match = line.partition(b"\0")
        found |= {(file.decode(errors="replace"), name) for name in cage.heard(match)}
    return found | cage.heard_in({"names": inside(container, "sh", "-c", _NAMES)})
