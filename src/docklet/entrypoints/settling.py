"""Settle a droplet that has to go now: what its script has finished is saved first, in time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

from docklet.domain.errors import DockletError
from docklet.domain.events import Noticed
from docklet.pipeline.examine import case_of, examine
from docklet.pipeline.reap import discard
from docklet.pipeline.rescue import rescue
from docklet.pipeline.world import finishes

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from decimal import Decimal

    from docklet.domain.identity import Identity
    from docklet.domain.outcome import Outcome
    from docklet.domain.triage import Case
    from docklet.entrypoints.sweeps import Desk
    from docklet.pipeline.world import Site
    from docklet.ports import Droplet

    T = TypeVar("T")

EXAMINE: Final = 8.0
"""Seconds in which the droplet must say whether its script has ended."""
RESCUE: Final = 100.0
"""Seconds for collecting, pushing and reporting results that nobody came for."""
REPORT: Final = 20.0
"""Seconds for the comment."""
DELETE: Final = 120.0
"""Seconds for which the deletion is tried."""


async def settle(
    droplet: Droplet,
    identity: Identity,
    desk: Desk,
    ended_as: Callable[[Case, Decimal], Outcome],
) -> bool:
    """Save the results of a script that has ended; else, or if that fails, delete the droplet.

    Tell whether the droplet is gone: whoever asked for it may have wanted to keep it.
    """
    site = desk.site
    asked = await in_time(examine(droplet, identity, desk.office, site), EXAMINE, site)
    case = asked or case_of(droplet, identity, desk.office, site)
    if case.look is not None and case.look.ended:
        saving = rescue(droplet, case, desk.office, desk.hands, site, over=0.0, last_chance=True)
        saved = await in_time(saving, RESCUE, site)
        if saved is not None:
            return saved.droplet_gone is not None
    await discard(droplet, identity, site, patience=DELETE)
    outcome = ended_as(case, droplet.price_hourly)
    await in_time(desk.report(droplet, case, outcome), REPORT, site)
    return True


async def in_time(work: Coroutine[Any, Any, T], seconds: float, site: Site) -> T | None:
    """Do something within so many seconds; None when it fails, or takes longer and is left."""
    task = asyncio.ensure_future(work)
    try:
        if not await finishes({task}, seconds, site.clock):
            return None
        return task.result()
    except DockletError as error:
        site.tell(Noticed(at=site.clock.now(), message=error.message))
        return None
    finally:
        task.cancel()
