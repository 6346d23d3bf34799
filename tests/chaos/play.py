"""Play a schedule: the run, perhaps its death, its post step, and the sweeps that follow."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from docklet.bot.status import StatusComment
from docklet.domain.errors import DockletError
from docklet.entrypoints.cleanup import KEY_STATE, settle
from docklet.pipeline.run import run
from docklet.pipeline.sweep import sweep
from docklet.pipeline.world import Record
from docklet.render.links import Links
from tests.builders import KEY, START
from tests.chaos.furniture import furnish
from tests.chaos.story import SWEEP, SWEEPS, Story
from tests.desks import FakeDesk, desk_in
from tests.worlds import FakeWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from docklet.domain.outcome import Outcome
    from tests.chaos.schedule import Schedule
    from tests.chaos.stage import Stage

_LINKS: Final = Links(server_url="https://github.com", repository="octo/template")
_dead: list[tuple[asyncio.AbstractEventLoop, set[asyncio.Task[Any]]]] = []
"""What a killed process was doing; held here, for nothing of it may go on, not even to tidy up."""


def play(schedule: Schedule, folder: Path) -> Story:
    """Play a schedule to its end, hours after the last deadline."""
    stage = furnish(schedule, folder)
    story = Story(scene=stage)
    _live(stage, _main_step(stage, story))
    story.left, story.ended_at = stage.ours, stage.world.clock.now()
    if story.outcome is None and schedule.post_step:
        _live(stage, _post_step(stage))
    _live(stage, _sweeps(stage))
    story.end(stage.world.seen)
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


async def _main_step(stage: Stage, story: Story) -> bool:
    """Run the plan, while the day takes its course; False when the process was killed."""
    schedule, world = stage.schedule, stage.world
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
    if schedule.lock_at:
        course.append(_then(stage, schedule.lock_at, stage.lock))
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


def _elsewhere(stage: Stage) -> Stage:
    """Return the stage as another machine sees it."""
    folder = stage.directory / SWEEPS
    folder.mkdir(exist_ok=True)
    return replace(stage, world=replace(stage.world, directory=folder))


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
        desk = _desk(_elsewhere(stage), f"sweep-{clock.now()}")
        with suppress(DockletError):
            found = await sweep(desk.office, desk.hands, desk.site)
            await desk.close_forgotten(one.key for one in found)
    return True
