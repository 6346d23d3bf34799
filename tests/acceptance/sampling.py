"""What runs on droplets, looked at from outside through a whole session, and the tokens in it.

Droplets of the sandbox are containers on this machine, so all their processes are seen in its own
list. A droplet is told by its host name, which is docklet's; every other process is let be.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.acceptance.canaries import Cage, Canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docklet_sandbox.state import Addresses

# Reads what to look for from its first line, then looks fifty times a second until its input ends.
# It prints a line for each new sight of a token, and at the end how much it has seen.
_SAMPLER = """
import json, os, re, select, sys, time

names = json.loads(sys.stdin.buffer.readline())
tokens = {bytes.fromhex(raw): name for raw, name in names.items()}
ours = re.compile(rb"docklet-[0-9a-f]{8}-")
homes, seen, heard, began, rounds = {}, set(), set(), time.monotonic(), 0

def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""

def on_a_droplet(pid):
    try:
        space = os.readlink(f"/proc/{pid}/ns/uts")
    except OSError:
        return False
    if space not in homes:
        homes[space] = bool(ours.match(read(f"/proc/{pid}/root/etc/hostname")))
    return homes[space]

due = began
while not select.select([sys.stdin], [], [], max(0.002, due - time.monotonic()))[0]:
    rounds, due = rounds + 1, max(due, time.monotonic() - 0.02) + 0.02
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if not on_a_droplet(pid):
            continue
        for place in ("cmdline", "environ"):
            text = read(f"/proc/{pid}/{place}")
            if text and (pid, place, text) not in seen:
                seen.add((pid, place, text))
                for token, name in tokens.items():
                    if token in text:
                        heard.add(f"{name} in {place} of {text[:200]!r}")
rate = rounds / (time.monotonic() - began)
print(json.dumps({"heard": sorted(heard), "seen": len(seen), "rate": rate}))
"""


@dataclass
class Sampled:
    """What was seen in a session."""

    heard: list[str] = field(default_factory=list)
    """Sights of a token."""
    seen: int = 0
    """Different arguments and environments that were looked at."""
    rate: float = 0.0
    """Looks a second."""


def tokens_of(addresses: Addresses) -> Cage:
    """Return the tokens with which all scenarios of a sandbox work."""
    return Cage(
        (
            Canary("the cloud's token", addresses.cloud_token),
            Canary("the forge's token", addresses.forge_token),
            Canary("the workflow's token", addresses.workflow_token),
            Canary("the registry's password", addresses.registry_password),
        )
    )


@contextmanager
def sampled(cage: Cage, folder: Path) -> Iterator[Sampled]:
    """Look at all droplets of this machine, fifty times a second, to the end of the block."""
    found = Sampled()
    wanted = {piece.hex(): one.name for one in cage.canaries for piece in one.pieces}
    sink = folder / "sampled"
    with sink.open("wb") as output:
        sampler = subprocess.Popen(
            [sys.executable, "-c", _SAMPLER], stdin=subprocess.PIPE, stdout=output
        )
        assert sampler.stdin is not None
        sampler.stdin.write(json.dumps(wanted).encode() + b"\n")
        sampler.stdin.flush()
        try:
            yield found
        finally:
            sampler.communicate(timeout=60)
    said = json.loads(sink.read_bytes())
    found.heard, found.seen, found.rate = said["heard"], said["seen"], said["rate"]
