"""Verb `extend`: let the script take longer.

The limit counts from its start, so asking twice is asking once. It only ever grows.
"""

from __future__ import annotations

import os
import time

from docklet.droplet.ending import ending
from docklet.droplet.home import Home, read_json, write_json
from docklet.droplet.limits import extended
from docklet.droplet.request import Request


def extend(home: Home, request: Request) -> dict[str, object]:
    """Leave the limit for the supervisor; too late once the script is ended."""
    limit = max(request.seconds("limit"), extended(home))
    over = os.path.exists(home.stop) or bool(ending(home, request)["ended"])
    if not over:
        write_json(home.extension, {"limit": limit})
    return {"extended": not over, "left": _left(home, limit)}


def _left(home: Home, limit: float) -> float:
    """Return the seconds until the limit; all of them before the script starts."""
    job = read_json(home.job)
    return limit if job is None else limit - (time.time() - float(job["started"]))
