"""What a droplet of ours is there for, told by its status and its identity."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docklet.domain.identity import Identity


class State(StrEnum):
    """Why a droplet of ours exists."""

    STARTING = "starting"
    RUNNING = "running"
    """A run has it, and has time left."""
    OFF = "off"
    """Powered off, with time left; it costs as much as a running one."""
    KEPT = "kept"
    """Its run is over, and it was kept on purpose."""
    EXPIRED = "expired"
    """It is past its time, so anybody may delete it."""

    @property
    def in_use(self) -> bool:
        """Tell whether a run would lose its work with the droplet."""
        return self not in {State.KEPT, State.EXPIRED}


def state_of(status: str, identity: Identity, now: float) -> State:
    """Return the state of a droplet whose status is one of the cloud's words."""
    if identity.expires < now:
        return State.EXPIRED
    if identity.kept_until is not None:
        return State.KEPT
    return {"new": State.STARTING, "active": State.RUNNING}.get(status, State.OFF)
