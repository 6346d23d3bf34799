"""Give the machine back, or keep it as announced; the last thing that a run does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from docklet.domain.errors import CloudError, DockletError
from docklet.domain.events import Noticed, Phase
from docklet.domain.outcome import Outcome, Reason, Status
from docklet.pipeline.keep import keep, wanted
from docklet.pipeline.remove import PATIENCE, drop_tag, not_deleted, remove
from docklet.pipeline.world import finishes

if TYPE_CHECKING:
    from docklet.domain.plan import Plan
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.create import Rental
    from docklet.pipeline.world import World

HURRIED_PATIENCE: Final = 5.0
"""Seconds for which a stopped run tries to delete: its process is killed ten seconds after the
first signal. The post step and `reap` come behind it."""
SLACK: Final = 1.2
"""Times the patience that a call may take which began within it."""


async def give_back(plan: Plan, rental: Rental, outcome: Outcome, world: World) -> Outcome:
    """Delete or keep the run's droplet; a droplet that may still exist changes the outcome."""
    if plan.existing is not None:
        if rental.agent is not None:
            await _tidied(rental, rental.agent, world)
        return outcome
    if not rental.requests:
        return outcome
    kept = False
    try:
        kept = _is_to_stay(plan, rental, outcome) and await _kept(plan, rental, world)
    finally:
        if not kept:
            outcome = await _deleted(plan, rental, outcome, world)
    return outcome


def _is_to_stay(plan: Plan, rental: Rental, outcome: Outcome) -> bool:
    """Tell whether somebody wants the droplet kept, and may."""
    asked = rental.keep and outcome.status is not Status.CANCELLED
    return not rental.overdue and (asked or wanted(plan, outcome))


async def _deleted(plan: Plan, rental: Rental, outcome: Outcome, world: World) -> Outcome:
    """Delete whatever the run rented; a droplet that may be left changes the outcome."""
    if outcome.status is Status.CANCELLED:
        rental.hurry.set()
    try:
        with world.phase(Phase.DELETE):
            await _delete(plan, rental, world)
    except CloudError as error:
        reason = outcome.reason if outcome.status is Status.FAILURE else Reason.NOT_DELETED
        return replace(
            outcome, reason=reason, message=f"{outcome.message} {error.message}".strip()
        )
    finally:
        if rental.agent is not None:
            await rental.agent.close()
    return outcome


async def _delete(plan: Plan, rental: Rental, world: World) -> None:
    """Delete with patience; when the run is stopped meanwhile, at once again and with little."""
    if not rental.hurry.is_set():
        task = asyncio.ensure_future(_removed(plan, rental, world, PATIENCE))
        if await _is_done(task, PATIENCE * SLACK, rental, world):
            return await task
    if not rental.hurry.is_set():
        raise _mute(rental)
    task = asyncio.ensure_future(_removed(plan, rental, world, HURRIED_PATIENCE))
    if not await finishes({task}, HURRIED_PATIENCE * SLACK, world.clock):
        task.cancel()
        raise _mute(rental)
    return await task


async def _removed(plan: Plan, rental: Rental, world: World, patience: float) -> None:
    """Delete what is known, or turns up, within `patience` seconds."""
    deadline = world.clock.now() + patience
    await rental.settle(patience / 2, world.clock)
    left = deadline - world.clock.now()
    unseen, gpu = rental.unsure and not rental.ids, plan.spec.gpu
    await remove(plan.identity, rental.ids, world, gpu=gpu, patience=left, unseen=unseen)
    for tag in rental.tags:
        await drop_tag(tag, world)


async def _is_done(
    task: asyncio.Future[None], seconds: float, rental: Rental, world: World
) -> bool:
    """Wait up to `seconds`, but not beyond a signal; tell if the task is done, else cancel it."""
    others: list[asyncio.Future[Any]] = [
        asyncio.ensure_future(rental.hurry.wait()),
        asyncio.ensure_future(world.clock.sleep(seconds)),
    ]
    try:
        await asyncio.wait({task, *others}, return_when=asyncio.FIRST_COMPLETED)
        return task.done()
    finally:
        for one in (task, *others):
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _mute(rental: Rental) -> CloudError:
    """Return the error for a cloud that says nothing."""
    return not_deleted(rental.ids, "DigitalOcean did not answer in time.")


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


async def _tidied(rental: Rental, agent: Agent, world: World) -> None:
    """Tidy up in time: what does not answer is left, and told."""
    if not rental.hurry.is_set():
        task = asyncio.ensure_future(tidy(agent, world))
        if await _is_done(task, PATIENCE, rental, world):
            return await task
    task = asyncio.ensure_future(tidy(agent, world))
    if not await finishes({task}, HURRIED_PATIENCE * SLACK, world.clock):
        task.cancel()
        world.tell(Noticed(at=world.clock.now(), message=_UNTIDY))
    return None


async def tidy(agent: Agent, world: World) -> None:
    """Remove our traces from a machine that stays; what can't be removed is told."""
    try:
        await agent.clean()
    except DockletError as error:
        world.tell(Noticed(at=world.clock.now(), message=error.message))
    finally:
        await agent.close()


_UNTIDY: Final = (
    "What the run began on the droplet could not be removed in time: the droplet did not answer."
)
