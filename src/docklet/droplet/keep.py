"""Verb `keep`: remember that somebody wants this machine to outlive its run.

What is remembered is sealed by whoever asks, and nothing that this machine could make up.
"""

from __future__ import annotations

from docklet.droplet.home import Home, read_json, write_json
from docklet.droplet.request import Request


def keep(home: Home, request: Request) -> dict[str, object]:
    """Leave the wish for whoever reads the ending; too late once that is written."""
    ended = read_json(home.ending) is not None
    if not ended:
        write_json(home.keep, {"seal": request.text("seal")})
    return {"kept": not ended}


def wish(home: Home) -> str:
    """Return the seal of the wish; empty when nobody has one."""
    return str((read_json(home.keep) or {}).get("seal", ""))
