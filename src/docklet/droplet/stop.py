"""Verb `stop`: ask the supervisor to end the script; its ending will say `stopped`."""

from __future__ import annotations

import time

from docklet.droplet import lock
from docklet.droplet.ending import log_size, write_ending
from docklet.droplet.engine import Refused, connect
from docklet.droplet.home import Home, read_json, write_json
from docklet.droplet.request import Request
from docklet.droplet.start import container_name
from docklet.droplet.usage import read_summary
from docklet.droplet.verdict import stopped


def stop(home: Home, request: Request) -> dict[str, object]:
    """Ask for the end and return at once; without a supervisor, end it here."""
    grace, by = request.seconds("grace", 10.0), request.text("by", "")
    job = read_json(home.job)
    if job is None or read_json(home.ending) is not None:
        return {"stopping": False, "ended": job is not None}
    write_json(home.stop, {"grace": grace, "by": by})
    if lock.is_held(home) or read_json(home.ending) is not None:
        return {"stopping": True, "ended": False}
    _end_orphan(home, grace, float(job["started"]), by)
    return {"stopping": False, "ended": True}


def _end_orphan(home: Home, grace: float, started: float, by: str) -> None:
    engine = connect()
    name = container_name(home)
    try:
        engine.call("POST", f"/containers/{name}/stop", {"t": str(int(grace))})
        exit_code = engine.call("GET", f"/containers/{name}/json")["State"]["ExitCode"]
    except Refused:
        exit_code = None
    value = {
        "exit_code": exit_code,
        "kind": "stopped",
        "message": f"{stopped(by)} Its supervisor had died before.",
        "started": started,
        "finished": time.time(),
        "log_bytes": log_size(home),
        "log_lost": 0,
        "usage": read_summary(home),
    }
    write_ending(home, value)
