"""What runs from comments have cost this month, and what those that go on may still cost.

A run's worst case is set aside before anything is rented, and what it did cost takes its place
when it is over. What a lost process had set aside counts as spent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from docklet.domain.cost import dollars
from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.identity import RunKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.domain.config import Bounds

UNSEEN: Final = 300.0
"""Seconds for which a run counts as going on although it has no droplet (yet)."""
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What is set aside for one run."""

    dollars: Decimal
    at: float
    """Epoch second since when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One calendar month, in UTC."""

    spent: Decimal = _NOTHING
    """Dollars for runs that are over."""
    reserved: Mapping[RunKey, Reservation] = field(default_factory=dict)
    """What is set aside, by run."""

    @property
    def total(self) -> Decimal:
        """Dollars that the month may cost as things are."""
        return self.spent + sum((one.dollars for one in self.reserved.values()), _NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All that was spent and set aside, by month (`2026-11`)."""

    months: Mapping[str, Month] = field(default_factory=dict)

    def month(self, name: str) -> Month:
        """Return a month; one that is not there has cost nothing."""
        return self.months.get(name, Month())


def month_of(now: float) -> str:
    """Return the month of an epoch second."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A run that would like to begin."""

    run: RunKey
    dollars: Decimal
    """What it may cost in the worst case."""
    at: float
    """Epoch second."""
    alive: frozenset[RunKey] = frozenset()
    """The repository's runs that have a droplet."""


def reserve(ledger: Ledger, wish: Wish, bounds: Bounds) -> Ledger:
    """Set aside what a run may cost; raise `InvalidInputs` when that is above a bound.

    Asking again changes nothing, so an answer may get lost.
    """
    others = settle(ledger, wish.run, _NOTHING)
    name = month_of(wish.at)
    month = others.month(name)
    problems = tuple(
        filter(None, (_too_dear(month, wish, bounds), _too_many(others, wish, bounds)))
    )
    if problems:
        raise InvalidInputs(problems)
    entry = Reservation(dollars=wish.dollars, at=wish.at)
    changed = replace(month, reserved={**month.reserved, wish.run: entry})
    return Ledger(months={**others.months, name: changed})


def add(ledger: Ledger, wish: Wish, bounds: Bounds) -> Ledger:
    """Count what a run may cost beside what it was to cost; raise `InvalidInputs` above a bound.

    What is set aside for a run that goes on grows; a run that is over has spent it.
    """
    found = next((n for n, one in ledger.months.items() if wish.run in one.reserved), None)
    name = found or month_of(wish.at)
    month = ledger.month(name)
    problem = _too_dear(month, wish, bounds)
    if problem:
        raise InvalidInputs((problem,))
    if found is None:
        changed = replace(month, spent=month.spent + wish.dollars)
    else:
        entry = month.reserved[wish.run]
        grown = replace(entry, dollars=entry.dollars + wish.dollars)
        changed = replace(month, reserved={**month.reserved, wish.run: grown})
    return Ledger(months={**ledger.months, name: changed})


def settle(ledger: Ledger, run: RunKey, cost: Decimal) -> Ledger:
    """Put what a run did cost in the place of what was set aside; once is enough."""
    return Ledger(
        months={name: _settled(month, run, cost) for name, month in ledger.months.items()}
    )


def _settled(month: Month, run: RunKey, cost: Decimal) -> Month:
    """Return a month in which a run is over."""
    if run not in month.reserved:
        return month
    left = {key: one for key, one in month.reserved.items() if key != run}
    return Month(spent=month.spent + cost, reserved=left)


def _too_dear(month: Month, wish: Wish, bounds: Bounds) -> Problem | None:
    """Return the problem that a run would take the month above its bound."""
    most = bounds.max_cost_month
    if most is None or month.total + wish.dollars <= most:
        return None
    message = (
        f"This month's runs from comments have cost {dollars(month.spent)}, another"
        f" {dollars(month.total - month.spent)} is set aside for runs that may go on, and this one"
        f" could cost {dollars(wish.dollars)}. That is more than {dollars(most)} in all. Wait for"
        " the next month, or raise the bound in `.github/docklet.yml`."
    )
    return Problem(name="max-cost-month", message=message)


def _too_many(ledger: Ledger, wish: Wish, bounds: Bounds) -> Problem | None:
    """Return the problem that as many runs go on as may.

    One without a droplet counts while it is young: its droplet may be on its way.
    """
    reserved = [item for month in ledger.months.values() for item in month.reserved.items()]
    young = {run for run, one in reserved if wish.at - one.at < UNSEEN}
    going = len((young | wish.alive) - {wish.run})
    if bounds.concurrent is None or going < bounds.concurrent:
        return None
    message = (
        f"{going} runs of this repository go on, and {bounds.concurrent} may. Wait until one has"
        " ended, or stop one with `/docklet stop`."
    )
    return Problem(name="concurrent", message=message)
