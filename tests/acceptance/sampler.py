"""Looks for tokens in the processes of containers, fifty times a second.

It runs alone, with the standard library only, in a container that sees all processes. The first
line of its input is JSON: what to look for, in hex, with names. Each other line is the id and the
name of a container that has started. A token is printed where it is seen; how often was looked, at
the end of the input. Files are read without `Path`, which would be half of the work.
"""
# ruff: noqa: PTH112, PTH123, PTH207

from __future__ import annotations

import glob
import json
import os
import select
import sys
import time
from dataclasses import dataclass, field

GROUPS = "/groups"
"""Where the machine's control groups are mounted."""
PERIOD = 0.02
SHORTEST = 0.002
"""Seconds from one look to the next; one that is late is made up for by a shorter pause."""


@dataclass
class Looker:
    """Who looks, and what was there to be seen so far."""

    tokens: dict[bytes, str]
    """Names by what to look for."""
    groups: dict[str, str] = field(default_factory=dict)
    """Names of containers that run, by the folder of their control group."""
    seen: set[int] = field(default_factory=set)
    """Hashes of all processes with their arguments and environment."""

    def meet(self, container: str, name: str) -> None:
        """Look at a container from now on; one that runs in it has a group below its own."""
        for group in sorted(glob.glob(f"{GROUPS}/**/*{container}*/", recursive=True))[:1]:
            self.groups[group] = name

    def look(self) -> bool:
        """Look at every process once; return whether there is a container."""
        self.groups = {group: name for group, name in self.groups.items() if os.path.isdir(group)}
        for group, name in self.groups.items():
            for place, _, _ in os.walk(group):
                for pid in read(f"{place}/cgroup.procs").split():
                    self._look_at(pid.decode(), name)
        return bool(self.groups)

    def _look_at(self, pid: str, container: str) -> None:
        """Look at a process; one that becomes another program just now is left for later."""
        arguments, environment = read(f"/proc/{pid}/cmdline"), read(f"/proc/{pid}/environ")
        sight = hash((pid, arguments, environment))
        if sight in self.seen or not arguments or read(f"/proc/{pid}/cmdline") != arguments:
            return
        self.seen.add(sight)
        if self._heard(arguments + b"\0" + environment):
            self._tell(arguments.split(b"\0"), environment.split(b"\0"), container)

    def _tell(self, words: list[bytes], variables: list[bytes], container: str) -> None:
        """Say where the tokens are, without saying them."""
        program = text(b" ".join(b"***" if self._heard(word) else word for word in words))
        places = [("arguments", word) for word in words]
        places += [(f"variable {text(one.partition(b'=')[0])}", one) for one in variables]
        for place, word in places:
            for token in self._heard(word):
                say(token=token, place=place, program=program.strip(), container=container)

    def _heard(self, data: bytes) -> set[str]:
        """Return the names of the tokens in it."""
        return {name for piece, name in self.tokens.items() if piece in data}


def read(path: str) -> bytes:
    """Return what is in a file; nothing if it is gone."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def text(data: bytes) -> str:
    """Return what can be printed."""
    return data.decode(errors="replace")


def say(**what: object) -> None:
    """Print a line."""
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


def arrived(seconds: float) -> bytes | None:
    """Wait for input and return it: None if there is none in time, nothing at its end."""
    waiting, _, _ = select.select([sys.stdin], [], [], seconds)
    return os.read(0, 1 << 16) if waiting else None


def first_line() -> tuple[bytes, bytes]:
    """Return the input's first line, and what came with it."""
    data = b""
    while b"\n" not in data:
        data += os.read(0, 1 << 16)
    line, _, rest = data.partition(b"\n")
    return line, rest


def main() -> None:
    """Look until the input ends."""
    wanted, rest = first_line()
    looker = Looker({bytes.fromhex(piece): name for piece, name in json.loads(wanted).items()})
    looks, watched, due = 0, 0.0, time.monotonic()
    while (part := arrived(max(SHORTEST, due - time.monotonic()))) != b"":
        before, due = due, max(due, time.monotonic() - PERIOD) + PERIOD
        *started, rest = (rest + (part or b"")).split(b"\n")
        for line in started:
            looker.meet(*text(line).split())
        if looker.look():
            looks, watched = looks + 1, watched + due - before
    say(looks=looks, rate=looks / max(watched, PERIOD), cpu=time.process_time())


if __name__ == "__main__":
    main()
