"""Whether this machine's Docker can be used, asked in the way in which a local run will ask."""

from __future__ import annotations


def docker_trouble() -> str:
    """Return why Docker can't be used here, in whole sentences; empty when it can."""
    from docklet.droplet.engine import connect
    from docklet.droplet.failure import Failure

    try:
        connect()
    except Failure as failure:
        return failure.message
    return ""
