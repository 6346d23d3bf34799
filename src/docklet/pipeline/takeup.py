"""Finish a run whose own process is gone: collect, publish, give the droplet back.

The script has ended by itself, on the droplet. What is missing is what the run would have done
next, and it is done here by the same steps, in a world of its own.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from docklet.domain.ending import outcome_of
from docklet.domain.errors import AgentError, CloudError, DockletError
from docklet.domain.events import (
    DropletCreated,
    DropletReached,
    Ended,
    ImagePulled,
    LogArrived,
    Noticed,
    Phase,
    PhaseEnded,
    PhaseStarted,
    Planned,
)
from docklet.domain.identity import tags_about
from docklet.domain.outcome import Outcome, Reason
from docklet.domain.spec import Push
from docklet.pipeline.bases import fetching
from docklet.pipeline.counting import counted
from docklet.pipeline.create import Rental
from docklet.pipeline.follow import save
from docklet.pipeline.giveback import give_back
from docklet.pipeline.keep import asked
from docklet.pipeline.lease import holding
from docklet.pipeline.room import room_for
from docklet.pipeline.run import cost, results
from docklet.pipeline.saved_log import SavedLog
from docklet.pipeline.stopped import LOG, kept
from docklet.pipeline.watch import log_from
from docklet.pipeline.world import finishes, to_the_end

if TYPE_CHECKING:
    from docklet.domain.ending import Ending
    from docklet.domain.record import RunRecord
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.world import World
    from docklet.ports import Droplet

SKEW: Final = 3600.0
"""Seconds by which two machines' clocks may differ."""
LOG_LIMIT: Final = 120.0
"""Seconds for which the log is read, once the results are safe."""
_TAKEN_UP: Final = (
    "The process that began this run was lost. Another one found the script finished, and did the"
    " rest."
)
_UNSHOWN: Final = (
    "The end of the log is not shown: the script was given secrets, and the process that finished"
    " the run does not know what to blank out."
)
_NO_LOG: Final = "The log could not be read from the droplet."


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """A run whose script has ended, and the way to it."""

    record: RunRecord
    droplet: Droplet
    agent: Agent
    holder: str
    """In whose name signs of life are given."""
    shows_log: bool
    """Whether everything is known that must be blanked out in it."""
    last_chance: bool
    """Whether the results may not wait for another one on the droplet."""
    may_stay: bool = False
    """Whether the droplet is kept if that is wanted, as the run itself would."""


async def take_up(remains: Remains, world: World) -> Outcome | None:
    """Finish the run and return how it ended; None when somebody else has finished it first.

    Raises `DockletError`, and leaves the droplet as it is, when the results could not be brought
    into the repository and there will be another chance.
    """
    _tell_so_far(remains, world)
    outcome = Outcome(reason=Reason.AGENT_FAILED, message="docklet itself failed; see the log.")
    rental = _rental(remains)
    try:
        outcome = await _finish(remains, rental, world)
    except DockletError as error:
        if await _is_gone(remains.droplet, world):
            return None
        if not remains.last_chance:
            raise
        outcome = Outcome(reason=error.reason, message=error.message, published=kept(world))
    giving = give_back(remains.record.plan, rental, outcome, world)
    giving = counted(giving, outcome, rental, world)
    outcome = await to_the_end(giving, when_cancelled=rental.hurry.set)
    now = world.clock.now()
    seconds, price = now - remains.record.started, cost(world.record.progress, now)
    outcome = replace(outcome, seconds=seconds, cost=price)
    world.tell(Ended(at=now, outcome=outcome))
    return outcome


async def _finish(remains: Remains, rental: Rental, world: World) -> Outcome:
    """Bring the results home, then the log."""
    plan, agent = remains.record.plan, remains.agent
    async with (
        fetching(plan, world, remains.record.begun) as bases,
        holding(plan, agent, world, remains.holder),
    ):
        ending = await agent.ending()
        if ending is None:
            raise AgentError(_NOT_ENDED, kind="not-ended")
        _tell_ending(remains, ending, world)
        rental.keep = asked(ending, plan, world.access)
        since = remains.record.started - SKEW
        published = await results(plan, agent, ending, bases, world, since=since)
        outcome = outcome_of(ending, published, pushes=plan.spec.push is not Push.NONE)
        await _fetch_log(remains, world)
        if outcome.reason is Reason.NOT_PUSHED and not remains.last_chance:
            raise AgentError(_UNPUSHED, kind="not-pushed", reason=Reason.NOT_PUSHED)
    return outcome


def _tell_so_far(remains: Remains, world: World) -> None:
    """Tell what the lost process knew."""
    record, droplet = remains.record, remains.droplet
    found, made = droplet.droplet_id, droplet.created
    world.tell(Planned(at=record.started, plan=record.plan))
    if record.plan.existing is None:
        world.tell(DropletCreated(at=made, droplet_id=found, region=droplet.region))
    world.tell(DropletReached(at=world.clock.now(), address=droplet.address))
    world.tell(ImagePulled(at=world.clock.now(), digest=record.digest))
    world.tell(Noticed(at=world.clock.now(), message=_TAKEN_UP))


def _tell_ending(remains: Remains, ending: Ending, world: World) -> None:
    """Tell when the script ran, by the droplet's clock, which may say anything."""
    first, last = remains.droplet.created, world.clock.now()
    began = min(max(ending.started, first), last)
    ended = min(max(ending.finished or began, began), last)
    world.tell(PhaseStarted(at=began, phase=Phase.RUN))
    world.tell(PhaseEnded(at=ended, phase=Phase.RUN, ok=True))


async def _fetch_log(remains: Remains, world: World) -> None:
    """Save the whole log and tell its end; the results do not depend on it."""
    if not remains.shows_log:
        world.tell(Noticed(at=world.clock.now(), message=_UNSHOWN))
    task = asyncio.ensure_future(_copy_log(remains, world))
    in_time = await finishes({task}, LOG_LIMIT, world.clock)
    task.cancel()
    (failure,) = await asyncio.gather(task, return_exceptions=True)
    if not in_time or isinstance(failure, Exception):
        world.tell(Noticed(at=world.clock.now(), message=_NO_LOG))


async def _copy_log(remains: Remains, world: World) -> None:
    """Copy the log from its first byte to its last."""
    with SavedLog(world.directory / LOG, room_for(world.directory) // 2) as sink:
        async for chunk in log_from(remains.agent, 0, world.clock):
            save(chunk, sink, world)
            if remains.shows_log:
                world.tell(LogArrived(at=world.clock.now(), data=chunk))


def _rental(remains: Remains) -> Rental:
    """Return the droplet as what has to be given back."""
    answered: asyncio.Future[Droplet] = asyncio.get_running_loop().create_future()
    answered.set_result(remains.droplet)
    identity = remains.record.plan.identity
    return Rental(
        ids={remains.droplet.droplet_id},
        requests={answered},
        tags=tags_about(identity.key, remains.droplet.tags) - {identity.tag},
        agent=remains.agent,
        overdue=not remains.may_stay,
    )


async def _is_gone(droplet: Droplet, world: World) -> bool:
    """Tell whether the droplet was deleted under us."""
    try:
        return await world.cloud.droplet(droplet.droplet_id) is None
    except CloudError:
        return False


_NOT_ENDED: Final = "The droplet said that the script has ended, and now does not know how."
_UNPUSHED: Final = "The results could not be pushed anywhere; the droplet keeps them meanwhile."
