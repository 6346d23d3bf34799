"""Play a schedule: the run, perhaps its death, its post step, and the sweeps that follow."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from docklet.bot.status import StatusComment
from docklet.domain.errors import DockletError
from docklet.domain.events import DropletGone, DropletKept, Phase, PhaseEnded
from docklet.entrypoints.cleanup import KEY_STATE, settle
from docklet.pipeline.run import run
from docklet.pipeline.sweep import sweep
from docklet.pipeline.world import Record
from docklet.render.links import Links
from tests.builders import KEY, START
from tests.chaos.stage import RENTED, furnish
from tests.desks import FakeDesk, desk_in
from tests.worlds import FakeWorld, Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from docklet.domain.outcome import Outcome
    from tests.chaos.schedule import Schedule
    from tests.chaos.stage import Stage

SWEEP: Final = 1800.0
"""Seconds between two scheduled sweeps."""
_LINKS: Final = Links(server_url="https://github.com", repository="octo/template")
_dead: list[tuple[asyncio.AbstractEventLoop, set[asyncio.Task[Any]]]] = []
"""What a killed process was doing; held here, for nothing of it may go on, not even to tidy up."""


@dataclass(slots=True, kw_only=True)
class Story:
    """What came of a schedule."""

    stage: Stage
    outcome: Outcome | None = None
    """How the run ended; None when it was killed."""
    left: tuple[int, ...] = ()
    """The run's droplets that were there when its process had ended."""
    clean: float | None = None
    """Seconds from the script's end, or the first request to stop, to the verified deletion."""
    comments: list[str] = field(default_factory=list)
    ended_at: float = 0.0
    """When the run's process ended, or died."""
    log: list[str] = field(default_factory=list)
    """What people were told."""

    @property
    def ours(self) -> tuple[int, ...]:
        """The run's droplets that are there now."""
        rented = [each for each in self.stage.cloud.live.values() if each.droplet_id > RENTED]
        name = self.stage.plan.identity.name
        return tuple(each.droplet_id for each in rented if each.name == name)


def play(schedule: Schedule, folder: Path) -> Story:
    """Play a schedule to its end, hours after the last deadline."""
    stage = furnish(schedule, folder)
    story = Story(stage=stage)
    seen = stage.world.seen
    _live(stage, _main_step(story))
    story.left, story.ended_at = story.ours, stage.world.clock.now()
    if story.outcome is None and schedule.post_step:
        _live(stage, _post_step(stage))
    _live(stage, _sweeps(stage))
    story.clean = _time_to_clean(seen, schedule)
    story.comments = list(stage.world.forge.comments.values())
    story.log = [type(event).__name__ for event in seen.events]
    return story


def _live(stage: Stage, process: Coroutine[Any, Any, bool]) -> None:
    """Run a process to its end or, when it says so, its death; nothing of it goes on then."""
    loop = asyncio.new_event_loop()
    ended = loop.run_until_complete(process)
    stage.world.clock.forget()
    left = asyncio.all_tasks(loop)
    if not ended:
        _dead.append((loop, left))
        return
    loop.run_until_complete(_ended(left))
    loop.close()


async def _ended(tasks: set[asyncio.Task[Any]]) -> None:
    """End what a process that has ended leaves behind."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _main_step(story: Story) -> bool:
    """Run the plan, while the day takes its course; False when the process was killed."""
    stage, schedule = story.stage, story.stage.schedule
    world = stage.world
    status = StatusComment(world.forge, world.clock, _LINKS, notice=lambda _: None)
    told = replace(world, observers=(world.seen, status))
    work = asyncio.ensure_future(_reported(stage, told, status))
    course = [asyncio.ensure_future(each) for each in _course(stage, work)]
    ends: set[asyncio.Future[Any]] = {work}
    if schedule.kill_at is not None:
        ends.add(asyncio.ensure_future(_at(world, schedule.kill_at)))
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        for each in course:
            each.cancel()
        story.outcome = work.result()
    elif schedule.late_order:
        await stage.cloud.catch_up()
    return work.done()


async def _reported(stage: Stage, world: FakeWorld, status: StatusComment) -> Outcome:
    """Run the plan, and see to it that the comment says how it ended."""
    outcome = await run(stage.plan, world)
    await status.finish()
    return outcome


def _course(stage: Stage, work: asyncio.Future[Outcome]) -> list[Coroutine[Any, Any, None]]:
    """Return what happens during the day beside the run itself."""
    schedule = stage.schedule
    course = [_then(stage, second, work.cancel) for second in schedule.stops]
    course.append(_then(stage, schedule.rival_at, stage.interfere))
    if schedule.vanish_at is not None:
        course.append(_then(stage, schedule.vanish_at, stage.vanish))
    if schedule.uncomment_at is not None:
        course.append(_then(stage, schedule.uncomment_at, stage.world.forge.comments.clear))
    return course


async def _then(stage: Stage, second: float, happen: Callable[[], object]) -> None:
    """Let something happen at a second of the day."""
    await _at(stage.world, second)
    happen()


async def _at(world: FakeWorld, second: float) -> None:
    """Wait for a second of the day."""
    await world.clock.sleep(START + second - world.clock.now())


def _desk(stage: Stage, holder: str) -> FakeDesk:
    """Return where another process sits, which knows nothing of the one before."""
    world = replace(stage.world, record=Record(), observers=(stage.world.seen,))
    return desk_in(world, holder=holder)


async def _post_step(stage: Stage) -> bool:
    """Save or delete what the main step left."""
    with suppress(DockletError):
        await settle({f"STATE_{KEY_STATE}": KEY}, _desk(stage, "post"))
    return True


async def _sweeps(stage: Stage) -> bool:
    """Sweep as a schedule does, until long after the last deadline."""
    clock = stage.world.clock
    end = max(stage.plan.identity.deadline, clock.now()) + 3 * SWEEP
    stage.world.forge.edited = dict.fromkeys(stage.world.forge.comments, clock.now())
    while clock.now() < end:
        await clock.sleep(SWEEP)
        desk = _desk(stage, f"sweep-{clock.now()}")
        with suppress(DockletError):
            found = await sweep(desk.office, desk.hands, desk.site)
            await desk.close_forgotten(one.key for one in found)
    return True


def _time_to_clean(seen: Seen, schedule: Schedule) -> float | None:
    """Return the seconds from the end of the work, however it came, to the droplet's."""
    gone = [event.at for event in seen.of(DropletGone) if event.droplet_id > RENTED]
    if not gone or seen.of(DropletKept):
        return None
    ended = [event.at for event in seen.of(PhaseEnded) if event.phase is Phase.RUN]
    killed = () if schedule.kill_at is None else (schedule.kill_at,)
    begins = [*ended, *(START + second for second in (*schedule.stops[:1], *killed))]
    return max(0.0, gone[-1] - min(begins)) if begins else None
