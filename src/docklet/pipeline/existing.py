"""Find the droplet that the user named to run on, or say why it won't do.

It is never deleted by the run. One of docklet's own has an end, which has to be far enough away;
one that somebody else made has to be adopted, or nobody knows its host key.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from docklet.domain import values
from docklet.domain.adoption import host_keys
from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.identity import identity_of
from docklet.domain.plan import Existing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.domain.identity import Identity
    from docklet.domain.spec import RunSpec
    from docklet.ports import Droplet

LEAST_LEFT: Final = 120
"""Seconds that an existing droplet must have left for a run to begin on it."""
_ABSENT: Final = (
    "There is no droplet with this id or name. `docklet ls` shows the ones that docklet made."
)
_TWINS: Final = "{count} droplets have this name. Give the id of one: {ids}."
_FOREIGN: Final = (
    "docklet did not make this droplet and does not know its host key, so it does not connect."
    " Run `docklet adopt {word}` once, from where you can log in to it as root."
)
_AMBIGUOUS: Final = (
    "This droplet has {count} tags that name a host key, so nobody knows which one is right."
    " `docklet adopt {word}` leaves it with the right one."
)
_BUSY: Final = (
    "This droplet belongs to a run that has not ended and will take it away. Name one that is"
    " kept: `docklet ls` shows which ones are."
)
_EXPIRED: Final = "The time of this droplet is over, so it is about to be deleted. Keep a new one."
_OFF: Final = "This droplet is `{status}`, not `active`. Power it on at DigitalOcean first."
_NO_ADDRESS: Final = "This droplet has no public IPv4 address, so docklet can't connect to it."


def existing(spec: RunSpec, droplets: tuple[Droplet, ...], now: float) -> Existing | None:
    """Return the droplet that the user named by id or name; raise `InvalidInputs` without one."""
    if not spec.droplet:
        return None
    droplet = named(spec.droplet, droplets)
    identity = identity_of(droplet.name, droplet.tags)
    return _kept(droplet, identity, now) if identity else _adopted(spec.droplet, droplet)


def host(droplet: Droplet, now: float) -> Existing | None:
    """Return a droplet as one that other runs than its own may be on; None if it is not."""
    identity = identity_of(droplet.name, droplet.tags)
    with suppress(InvalidInputs):
        return _kept(droplet, identity, now) if identity else _adopted(droplet.name, droplet)
    return None


def named(word: str, droplets: Iterable[Droplet]) -> Droplet:
    """Return the one droplet with this id, else with this name; raise `InvalidInputs`."""
    droplets = tuple(droplets)
    found = [one for one in droplets if word == str(one.droplet_id)]
    found = found or [one for one in droplets if word == one.name]
    if not found:
        raise unfit(_ABSENT)
    if len(found) > 1:
        ids = ", ".join(str(one.droplet_id) for one in found)
        raise unfit(_TWINS.format(count=len(found), ids=ids))
    return found[0]


def reachable(droplet: Droplet) -> str:
    """Return a droplet's address; raise `InvalidInputs` when nobody can connect to it."""
    if droplet.status != "active":
        raise unfit(_OFF.format(status=droplet.status))
    if not droplet.address:
        raise unfit(_NO_ADDRESS)
    return droplet.address


def unfit(message: str) -> InvalidInputs:
    """Return the error for a droplet that won't do."""
    return InvalidInputs((Problem(name="droplet", message=message),))


def _kept(droplet: Droplet, identity: Identity, now: float) -> Existing:
    """Return a droplet of ours, if it has time left and no run of its own."""
    if identity.expires < now + LEAST_LEFT:
        raise unfit(_EXPIRED)
    if identity.kept_until is None:
        raise unfit(_BUSY)
    return Existing(
        droplet_id=droplet.droplet_id,
        address=reachable(droplet),
        known_by=identity.key,
        until=identity.expires,
    )


def _adopted(word: str, droplet: Droplet) -> Existing:
    """Return somebody else's droplet, if one tag says by which host key it is known."""
    keys = tuple(host_keys(droplet.tags).values())
    if len(keys) != 1:
        message = _AMBIGUOUS if keys else _FOREIGN
        raise unfit(message.format(word=values.shown(word), count=len(keys)))
    return Existing(
        droplet_id=droplet.droplet_id,
        address=reachable(droplet),
        known_by=keys[0],
        until=None,
    )
