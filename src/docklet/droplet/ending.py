"""Verb `ending`: whether and how the script ended, for whoever takes up the run."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, Mapping

from docklet.droplet import lock, machine
from docklet.droplet.home import Home, read_json, write_json
from docklet.droplet.keep import wish
from docklet.droplet.limits import extended
from docklet.droplet.request import Request
from docklet.droplet.usage import read_summary


def ending(home: Home, _request: Request) -> dict[str, object]:
    """Return the ending, or how things are going."""
    job = read_json(home.job)
    alive = lock.is_held(home)
    # Looked for after the lock: a supervisor writes the ending before it lets go.
    written = read_json(home.ending)
    asked = {"keep": wish(home), "limit": extended(home)}
    if written is not None:
        return {"ended": True, **written, "job": job, **asked}
    going = {"log_bytes": log_size(home), "usage": read_summary(home), "job": job}
    if alive or job is None:
        return {"ended": False, "alive": alive, **going}
    return {"ended": True, **_lost(job), **going, **asked}


def write_ending(home: Home, value: Mapping[str, Any]) -> None:
    """Write the ending, on the space set aside if the disk is full."""
    with suppress(FileNotFoundError):
        os.unlink(home.reserve)
    write_json(home.ending, value)


def log_size(home: Home) -> int:
    """Return how many bytes of log there are."""
    try:
        return os.stat(home.log).st_size
    except FileNotFoundError:
        return 0


def _lost(job: Mapping[str, Any]) -> dict[str, object]:
    if job["boot"] == machine.boot():
        message = "The supervisor on the machine died before the script ended."
    else:
        message = "The machine was rebooted while the script ran."
    return {
        "exit_code": None,
        "kind": "lost",
        "message": message,
        "started": job["started"],
        "finished": None,
    }
