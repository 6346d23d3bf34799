"""Find the droplet that the user named to run on, or say why it won't do.

It is never deleted by the run, but by its own end; so it needs one that is far enough away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.identity import identity_of
from docklet.domain.plan import Existing

if TYPE_CHECKING:
    from docklet.domain.identity import Identity
    from docklet.domain.spec import RunSpec
    from docklet.ports import Droplet

LEAST_LEFT: Final = 120
"""Seconds that an existing droplet must have left for a run to begin on it."""
_ABSENT: Final = (
    "There is no droplet with this id or name. `docklet ls` shows the ones that docklet made."
)
_FOREIGN: Final = (
    "docklet did not make this droplet, so it can't know its host key and does not connect."
    " Keep one of docklet's with `keep: always` and name that."
)
_BUSY: Final = (
    "This droplet belongs to a run that has not ended and will take it away. Name one that is"
    " kept: `docklet ls` shows which ones are."
)
_EXPIRED: Final = "The time of this droplet is over, so it is about to be deleted. Keep a new one."
_OFF: Final = "This droplet is `{status}`, not `active`. Power it on at DigitalOcean first."


def existing(spec: RunSpec, droplets: tuple[Droplet, ...], now: float) -> Existing | None:
    """Return the droplet that the user named by id or name; raise `InvalidInputs` without one."""
    if not spec.droplet:
        return None
    for droplet in droplets:
        if spec.droplet in {str(droplet.droplet_id), droplet.name}:
            return _usable(droplet, now)
    raise _refusal(_ABSENT)


def _usable(droplet: Droplet, now: float) -> Existing:
    """Return a named droplet, if we can know its host key and it has time left."""
    identity = identity_of(droplet.name, droplet.tags)
    if identity is None:
        raise _refusal(_FOREIGN)
    objection = _objection(droplet, identity, now)
    if objection:
        raise _refusal(objection)
    return Existing(
        droplet_id=droplet.droplet_id,
        address=droplet.address,
        owner=identity.key,
        until=identity.expires,
    )


def _objection(droplet: Droplet, identity: Identity, now: float) -> str:
    """Say why a droplet of ours can't be used; empty when it can."""
    if identity.expires < now + LEAST_LEFT:
        return _EXPIRED
    if identity.kept_until is None:
        return _BUSY
    if droplet.status != "active":
        return _OFF.format(status=droplet.status)
    return ""


def _refusal(message: str) -> InvalidInputs:
    """Return the error for an unfit droplet."""
    return InvalidInputs((Problem(name="droplet", message=message),))
