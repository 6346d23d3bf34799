"""Verb `look`: what another process has to know before it takes the run up; changes nothing."""

from __future__ import annotations

from docklet.droplet import lease
from docklet.droplet.ending import ending
from docklet.droplet.home import Home, read_json
from docklet.droplet.request import Request


def look(home: Home, request: Request) -> dict[str, object]:
    """Return how old the lease is, how far the script is, and the run's record."""
    held = lease.read(home)
    state = ending(home, request)
    return {
        "lease": None if held is None else held.age,
        "started": state["job"] is not None,
        "ended": state["ended"],
        "record": read_json(home.record),
    }
