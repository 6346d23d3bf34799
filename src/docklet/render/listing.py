"""Our droplets as a list: aligned for people, JSON for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from docklet.domain.cost import cost_of, dollars
from docklet.domain.state import State, state_of
from docklet.render.bill import price
from docklet.render.inline import printable
from docklet.render.table import table
from docklet.render.units import duration, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docklet.domain.identity import Identity

SHORT: Final = 10
"""Digits of a run's key that are shown."""
_HEADINGS: Final = ("RUN", "REPOSITORY", "AGE", "STATE", "SIZE", "REGION", "COST")
_NOTHING: Final = "docklet has no droplets."
_PAST: Final = "`docklet reap` deletes those that are expired."


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One droplet of ours at one moment."""

    droplet_id: int
    name: str
    identity: Identity
    status: str
    """`new`, `active`, `off` or `archive`."""
    size: str
    region: str
    address: str
    """Public IPv4; empty until it has one."""
    price_hourly: Decimal
    """Dollars an hour."""
    created: float
    """Epoch seconds."""
    now: float
    """Epoch seconds of the moment."""

    @property
    def age(self) -> float:
        """Seconds since the droplet was created."""
        return max(0.0, self.now - self.created)

    @property
    def repository(self) -> str:
        """`owner/name`, fit to be printed: a tag can be anybody's."""
        return printable(self.identity.repository)

    @property
    def cost(self) -> Decimal:
        """Dollars that it has cost so far."""
        return cost_of(self.age, self.price_hourly)

    @property
    def state(self) -> State:
        """What it is there for."""
        return state_of(self.status, self.identity, self.now)


def listing(droplets: Sequence[Listed]) -> str:
    """Return a table, and below it what all of them cost."""
    if not droplets:
        return _NOTHING
    body = table([_HEADINGS, *map(_row, droplets)])
    expired = any(one.state is State.EXPIRED for one in droplets)
    return "\n".join((body, "", _sum(droplets), *((_PAST,) if expired else ())))


def as_json(droplets: Sequence[Listed]) -> str:
    """Return a JSON array with one object for each droplet; money is in dollars."""
    return json.dumps([_object(one) for one in droplets], indent=2)


def line(droplet: Listed) -> str:
    """Return one line that tells a droplet from all others."""
    return (
        f"{droplet.identity.key[:SHORT]} of {droplet.repository}: droplet {droplet.droplet_id}"
        f" ({droplet.size} in {droplet.region}), {droplet.state},"
        f" {dollars(droplet.cost)} so far"
    )


def money_stopped(droplets: Sequence[Listed]) -> str:
    """Return what `droplets` cost an hour, all together."""
    hourly = sum((one.price_hourly for one in droplets), start=Decimal(0))
    return price(hourly)


def _sum(droplets: Sequence[Listed]) -> str:
    """Return a sentence about the money."""
    count = "1 droplet" if len(droplets) == 1 else f"{len(droplets)} droplets"
    spent = sum((one.cost for one in droplets), start=Decimal(0))
    return f"{count}: {dollars(spent)} so far, and {money_stopped(droplets)}."


def _row(one: Listed) -> tuple[str, ...]:
    """Return the cells of one droplet."""
    until = f" until {moment(one.identity.expires)}" if one.state is State.KEPT else ""
    return (
        one.identity.key[:SHORT],
        one.repository,
        duration(one.age),
        f"{one.state}{until}",
        one.size,
        one.region,
        dollars(one.cost),
    )


def _object(one: Listed) -> dict[str, object]:
    """Return one droplet for programs."""
    who = one.identity
    return {
        "run": who.key,
        "repository": who.repository,
        "droplet-id": one.droplet_id,
        "name": one.name,
        "state": one.state.value,
        "status": one.status,
        "size": one.size,
        "region": one.region,
        "address": one.address,
        "created": moment(one.created),
        "expires": moment(who.expires),
        "age-seconds": round(one.age),
        "price-hourly-usd": float(one.price_hourly),
        "cost-usd": float(one.cost),
    }
