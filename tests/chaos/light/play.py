"""Play a schedule on the light sandbox: the action's own wiring, in processes that can die."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from docklet.adapters.git.directory import GitDirectory
from docklet.domain.errors import DockletError
from docklet.domain.extension import extended
from docklet.domain.identity import identity_of
from docklet.domain.spec import Keep, Push
from docklet.entrypoints.carry_out import Finished, Job, rent_and_run
from docklet.entrypoints.cleanup import KEY_STATE, settle
from docklet.entrypoints.sweeps import Desk, desk_of
from docklet.pipeline import steer
from docklet.pipeline.sweep import sweep
from docklet.render.comment import is_open
from docklet.wiring import site_of
from docklet_sandbox.memory_loop import MemoryLoop
from docklet_sandbox.virtual_time import now
from tests.builders import KEY, START, make_spec, make_trigger
from tests.chaos.light.baton import threads_in_step
from tests.chaos.light.furniture import furnish
from tests.chaos.light.ground import REPOSITORY
from tests.chaos.light.web import wires_in_memory
from tests.chaos.story import SWEEP, SWEEPS, Story
from tests.fakes import FakeGit

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from docklet_sandbox.memory_loop import Process
    from tests.chaos.light.stage import LightStage
    from tests.chaos.light.weather import Weather

_LONGEST: Final = 10 * 86_400.0
_left: list[tuple[MemoryLoop, set[asyncio.Task[Any]]]] = []
"""What dead processes were doing; held here, for nothing of it may go on, not even to tidy up."""


for _name in ("asyncssh", "aiohttp", "azure"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # bad days are their everyday life


def play(weather: Weather, folder: Path) -> Story:
    """Play a schedule to its end, hours after the last deadline."""
    loop = MemoryLoop(START, _LONGEST)
    with threads_in_step(), wires_in_memory():
        story: Story = loop.run_until_complete(_told(weather, folder, loop))
    _left.append((loop, asyncio.all_tasks(loop)))
    loop.close()
    return story


async def _told(weather: Weather, folder: Path, loop: MemoryLoop) -> Story:
    """Play the run, perhaps its death, its post step, and the sweeps that follow."""
    stage = await furnish(weather, folder, loop)
    story = Story(scene=stage)
    with _git_of(stage):
        await _main_step(stage, story)
        story.left, story.ended_at = stage.ours, now()
        if story.outcome is None and stage.schedule.post_step:
            await _process(stage, _post_step(stage))
        await _sweeps(stage)
    story.end(stage.seen)
    return story


async def _main_step(stage: LightStage, story: Story) -> None:
    """Run the action's main step, while the day takes its course."""
    process, work = stage.loop.spawn(_run(stage))
    course = [asyncio.ensure_future(each) for each in _course(stage, work)]
    ends: set[asyncio.Future[Any]] = {work}
    if stage.schedule.kill_at is not None:
        ends.add(asyncio.ensure_future(_at(stage.schedule.kill_at)))
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    stage.loop.kill(process)
    if work.done():
        story.outcome = work.result().outcome
        for each in course:
            each.cancel()


async def _run(stage: LightStage) -> Finished:
    """Carry out the run as the action does."""
    day = stage.schedule
    spec = make_spec(push=Push(day.push), keep=Keep(day.keep), timeout=3600)
    job = Job(spec=spec, trigger=make_trigger(), key=KEY)
    return await rent_and_run(job, stage.settings, stage.seen)


def _course(
    stage: LightStage, work: asyncio.Future[Finished]
) -> Iterator[Coroutine[Any, Any, None]]:
    """Yield what happens during the day beside the run itself."""
    day, weather = stage.schedule, stage.weather
    for second in day.stops:
        yield _then(second, work.cancel)
    for second in weather.cuts:
        yield _then(second, stage.cut)
    for second in weather.reboots:
        yield _then(second, stage.reboot)
    for begin, end in day.silences:
        yield _then(begin, stage.separate)
        yield _then(end, stage.rejoin)
    if day.vanish_at is not None:
        yield _then(day.vanish_at, stage.vanish)
    if weather.more_at is not None:
        yield _more(stage, weather.more_at)
    if day.uncomment_at is not None:
        yield _then(day.uncomment_at, stage.uncomment)
    yield _then(day.rival_at, stage.interfere)


async def _then(second: float, happen: Callable[[], object]) -> None:
    """Let something happen at a second of the day."""
    await _at(second)
    happen()


async def _more(stage: LightStage, second: float) -> None:
    """Give the script another hour, from a process of its own."""
    await _at(second)
    await _process(stage, _extend(stage))


async def _extend(stage: LightStage) -> None:
    """Give whatever the run has more time, as a comment does; it may not be possible."""
    desk = _desk(stage)
    with suppress(DockletError):
        for each in await desk.site.cloud.droplets():
            who = identity_of(each.name, each.tags)
            if who is not None and who.key == KEY:
                plan = await steer.plan_of(each, who, desk.office, desk.site)
                more = extended(plan, who.deadline, 3600)
                await steer.extend(each, who, more, desk.office, desk.site)


async def _at(second: float) -> None:
    """Wait for a second of the day."""
    await asyncio.sleep(START + second - now())


async def _process(stage: LightStage, main: Coroutine[Any, Any, None]) -> None:
    """Run a process to its end; whatever it has left behind goes with it."""
    process: Process
    process, work = stage.loop.spawn(main)
    try:
        await asyncio.wait([work])
    finally:
        stage.loop.kill(process)
    work.result()


def _desk(stage: LightStage, place: str = "") -> Desk:
    """Return where another process sits, which knows nothing of the one before."""
    settings = replace(stage.settings, directory=stage.directory / place)
    return desk_of(settings, REPOSITORY, site_of(settings, stage.seen), known=())


async def _post_step(stage: LightStage) -> None:
    """Save or delete what the main step left."""
    with suppress(DockletError):
        await settle({f"STATE_{KEY_STATE}": KEY}, _desk(stage))


async def _sweeps(stage: LightStage) -> None:
    """Sweep as a schedule does, until long after the last deadline, or nothing is left to do."""
    # Each answer that makes no sense may be the end of a sweep.
    end = max(stage.deadline, now() + 3600.0) + (3 + stage.failing) * SWEEP
    done = False
    while now() < end and not done:
        await asyncio.sleep(SWEEP)
        await _process(stage, _sweep(stage))
        done = bool(not stage.ours and stage.late_deleted) and not any(
            map(is_open, stage.comments)
        )


async def _sweep(stage: LightStage) -> None:
    """Bring in order whatever nobody looks after any more."""
    desk = _desk(stage, SWEEPS)
    with suppress(DockletError):
        found = await sweep(desk.office, desk.hands, desk.site)
        await desk.close_forgotten(one.key for one in found)


@contextmanager
def _git_of(stage: LightStage) -> Iterator[None]:
    """Let git directories be those of the stage's repository; the first has the day's troubles."""
    failures: dict[str, list[Exception]] = {}
    for each in stage.schedule.git:
        assert isinstance(each.error, Exception)
        failures.setdefault(each.name, []).extend([each.error] * each.times)

    async def opened(*_: object, **__: object) -> FakeGit:
        git = FakeGit(stage.ground.repository)
        git.failures = dict(failures)
        failures.clear()
        return git

    real = GitDirectory.__dict__["open"]
    GitDirectory.open = opened  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        GitDirectory.open = real  # type: ignore[method-assign]
