"""What a run costs, in words: estimated while it goes on, final afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.cost import cost_of, dollars
from docklet.domain.outcome import Status
from docklet.domain.sizing import would_have_done
from docklet.render.inline import code
from docklet.render.units import amount, duration

if TYPE_CHECKING:
    from decimal import Decimal

    from docklet.domain.outcome import Usage
    from docklet.domain.progress import Progress


_WHOLE: Final = frozenset({Status.SUCCESS, Status.DIVERTED})
"""What a script ends with that did all its work."""


def spent(progress: Progress, now: float) -> Decimal | None:
    """Return the dollars spent until `now`; None when nothing was rented."""
    if progress.outcome and progress.outcome.cost is not None:
        return progress.outcome.cost
    if progress.plan is None or progress.droplet_created is None:
        return None
    return cost_of(rented(progress, now), progress.plan.size.price_hourly)


def rented(progress: Progress, now: float) -> float:
    """Return the seconds for which the droplet has been rented until `now`."""
    if progress.droplet_created is None:
        return 0.0
    until = now if progress.droplet_gone is None else progress.droplet_gone
    return max(0.0, until - progress.droplet_created)


def price(price_hourly: Decimal) -> str:
    """Write a price per hour, with all its digits."""
    return f"${price_hourly.normalize():f} an hour"


def bill(progress: Progress, now: float) -> str:
    """Return one line: size, time and dollars; empty when nothing was rented."""
    cost = spent(progress, now)
    if cost is None or progress.plan is None:
        return ""
    size = progress.plan.size
    until = "" if progress.outcome else " so far"
    seconds = duration(rented(progress, now))
    # Nothing but a blank stands before the second dollar sign: GitHub reads `$x ($` as maths.
    line = (
        f"{code(size.slug)} for {seconds}: {dollars(cost)}{until}, at {price(size.price_hourly)}"
    )
    usage = progress.outcome.usage if progress.outcome else None
    if usage is None:
        return line
    return f"{line}; {_used(usage)}{_advice(progress, usage, now)}"


def _used(usage: Usage) -> str:
    """Return what the script used of the machine."""
    return (
        f"peak memory {amount(usage.peak_memory)}, mean CPU {usage.mean_cpu:.0%},"
        f" peak disk {amount(usage.peak_disk)}"
    )


def _advice(progress: Progress, usage: Usage, now: float) -> str:
    """Return which cheaper size would have done, for a script that got to its end."""
    plan, outcome, cost = progress.plan, progress.outcome, spent(progress, now)
    if plan is None or outcome is None or outcome.status not in _WHOLE or cost is None:
        return ""
    size = would_have_done(plan, usage, progress.region)
    if size is None:
        return ""
    less = dollars(cost_of(rented(progress, now), size.price_hourly))
    return f": {code(size.slug)} would have done for {less}" if less != dollars(cost) else ""
