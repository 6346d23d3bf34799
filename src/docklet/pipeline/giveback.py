"""Give the machine back, or keep it as announced; the last thing that a run does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import CloudError, DockletError
from docklet.domain.events import Noticed, Phase
from docklet.domain.outcome import Outcome, Reason, Status
from docklet.pipeline.keep import keep, wanted
from docklet.pipeline.remove import PATIENCE, remove

if TYPE_CHECKING:
    from docklet.domain.plan import Plan
    from docklet.pipeline.create import Rental
    from docklet.pipeline.world import World

SETTLING: Final = 30.0
"""Seconds to wait for a create call that is under way."""
HURRY: Final = 2.5
"""The same for a stopped run: its process is killed ten seconds after the first signal."""
HURRIED_PATIENCE: Final = 6.0
"""Seconds for which a stopped run tries to delete; the post step and `reap` come behind it."""


async def give_back(plan: Plan, rental: Rental, outcome: Outcome, world: World) -> Outcome:
    """Delete or keep the run's droplet; a droplet that may still exist changes the outcome."""
    if plan.existing is not None:
        await _tidy(rental, world)
        return outcome
    if not rental.requests:
        return outcome
    if wanted(plan, outcome) and await _kept(plan, rental, world):
        return outcome
    try:
        with world.phase(Phase.DELETE):
            await _delete(plan, rental, world, hurry=outcome.status is Status.CANCELLED)
    except CloudError as error:
        reason = outcome.reason if outcome.status is Status.FAILURE else Reason.NOT_DELETED
        return replace(
            outcome, reason=reason, message=f"{outcome.message} {error.message}".strip()
        )
    finally:
        if rental.agent is not None:
            await rental.agent.close()
    return outcome


async def _delete(plan: Plan, rental: Rental, world: World, *, hurry: bool) -> None:
    """Delete the run's droplet, within a few seconds where the process is about to be killed."""
    patience = HURRIED_PATIENCE if hurry else PATIENCE
    gpu = plan.spec.gpu
    try:
        async with asyncio.timeout(patience if hurry else None):
            await rental.settle(HURRY if hurry else SETTLING)
            await remove(plan.identity, rental.ids, world, gpu=gpu, patience=patience)
    except TimeoutError:
        message = (
            f"The droplet {plan.identity.name} was not deleted in time and may still be there."
        )
        raise CloudError(message, reason=Reason.NOT_DELETED) from None


async def _kept(plan: Plan, rental: Rental, world: World) -> bool:
    """Keep the droplet; False when it can't be announced, so it must go."""
    progress, agent = world.record.progress, rental.agent
    if progress.droplet_id is None or agent is None:
        return False
    try:
        await keep(plan, progress.droplet_id, progress.address, agent, world)
    except DockletError as error:
        told = f"The droplet was to be kept and is deleted instead. {error.message}"
        world.tell(Noticed(at=world.clock.now(), message=told))
        return False
    await agent.close()
    return True


async def _tidy(rental: Rental, world: World) -> None:
    """Remove our traces from a droplet that stays."""
    if rental.agent is None:
        return
    try:
        await rental.agent.clean()
    except DockletError as error:
        world.tell(Noticed(at=world.clock.now(), message=error.message))
    await rental.agent.close()
