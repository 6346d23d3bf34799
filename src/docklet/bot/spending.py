"""Keep count of money in the repository itself: set aside before a run, settled behind it.

Nobody can be quicker unnoticed: what is written back counts only if nothing has changed since it
was read, so many runs that begin at once are counted one after another.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from docklet.domain import spend, spend_file
from docklet.domain.backoff import jittered
from docklet.domain.cost import cost_of
from docklet.domain.errors import ForgeError
from docklet.domain.outcome import Reason
from docklet.domain.plan import MARGIN
from docklet.domain.spec import Keep

if TYPE_CHECKING:
    from collections.abc import Callable

    from docklet.domain.config import Bounds
    from docklet.domain.plan import Plan
    from docklet.domain.progress import Progress
    from docklet.domain.spend import Ledger, Wish
    from docklet.ports import Clock
    from docklet.ports.talk import Talk

ATTEMPTS: Final = 20
"""Writings, each of which somebody may have been quicker than."""
_BROKEN: Final = (
    "What this month's runs have cost can't be read, so nothing was started. {why} It is in"
    " `spend.json` of the ref `refs/docklet/spend`; delete that ref to begin anew."
)
_BUSY: Final = (
    "What this run may cost could not be noted in `refs/docklet/spend`: others were quicker"
    f" {ATTEMPTS} times, or a rule of the repository forbids it. Try again."
)


def worst_case(plan: Plan) -> Decimal:
    """Return what a run can cost if its droplet lives as long as it may."""
    spec = plan.spec
    kept = 0 if spec.keep is Keep.NEVER else spec.keep_for
    return cost_of(spec.timeout + MARGIN + kept, plan.size.price_hourly)


def real_cost(progress: Progress) -> Decimal | None:
    """Return what a run has cost, with the time for which its droplet is kept.

    None when it is not known, because a droplet may still be there.
    """
    outcome, plan, began = progress.outcome, progress.plan, progress.droplet_created
    if outcome is None or outcome.reason is Reason.NOT_DELETED:
        return None
    if plan is None or began is None:
        return Decimal(0)
    if progress.kept is not None:
        return cost_of(progress.kept.until - began, plan.size.price_hourly)
    return outcome.cost


async def set_aside(wish: Wish, bounds: Bounds, talk: Talk, clock: Clock) -> None:
    """Set aside what a run may cost; raise `InvalidInputs` when that is above a bound."""
    await _changed(lambda ledger: spend.reserve(ledger, wish, bounds), talk, clock)


async def count(wish: Wish, bounds: Bounds, talk: Talk, clock: Clock) -> None:
    """Count what a run that is over costs beside; raise `InvalidInputs` above a bound."""
    if bounds.max_cost_month is not None:
        await _changed(lambda ledger: spend.add(ledger, wish, bounds), talk, clock)


async def settle(wish: Wish, cost: Decimal, talk: Talk, clock: Clock) -> None:
    """Note what a run has cost."""
    await _changed(lambda ledger: spend.settle(ledger, wish.run, cost), talk, clock)


async def _changed(change: Callable[[Ledger], Ledger], talk: Talk, clock: Clock) -> None:
    """Read, change and write back, again when somebody was quicker."""
    for _ in range(ATTEMPTS):
        kept = await talk.kept()
        try:
            ledger = spend_file.decode(kept.text)
        except ValueError as error:
            raise ForgeError(_BROKEN.format(why=error)) from error
        if await talk.keep(spend_file.encode(change(ledger)), kept.version):
            return
        await clock.sleep(jittered(2.0, clock.random()))
    raise ForgeError(_BUSY)
