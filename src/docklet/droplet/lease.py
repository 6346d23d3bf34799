"""Who carries the run out, and when that process last gave a sign of life.

Ages are taken by this machine's own clock, which nobody sets; a lease from before the last boot
is older than any. What is read and then written here is guarded by a lock of its own, since the
supervisor holds the run's.
"""

from __future__ import annotations

import time
from typing import ContextManager, NamedTuple

from docklet.droplet import machine
from docklet.droplet.home import Home, read_json, write_json
from docklet.droplet.lock import turn

FOREVER = 1e9
"""Seconds; the age of what was before the last boot."""


class Lease(NamedTuple):
    """A sign of life."""

    holder: str
    age: float
    """Seconds."""


def read(home: Home) -> Lease | None:
    """Return the latest sign of life; None when there never was one."""
    written = read_json(home.lease)
    if written is None:
        return None
    same = written["boot"] == machine.boot()
    return Lease(written["holder"], time.monotonic() - written["at"] if same else FOREVER)


def write(home: Home, holder: str) -> None:
    """Note a sign of life."""
    value = {"holder": holder, "at": time.monotonic(), "boot": machine.boot()}
    write_json(home.lease, value)


def guarded(home: Home) -> ContextManager[None]:
    """Keep others from looking and writing meanwhile."""
    return turn(home.turn)
