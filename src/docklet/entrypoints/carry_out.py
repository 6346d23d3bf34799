"""Carry jobs out: what the action and the command line share once they know what is asked for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from shutil import rmtree
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import DockletError
from docklet.domain.events import Ended, Noticed
from docklet.domain.outcome import Outcome, Reason
from docklet.pipeline.local import local_plan, run_local
from docklet.pipeline.prepare import commit_of, prepare, preview
from docklet.pipeline.run import run
from docklet.pipeline.world import is_stopped, to_the_end
from docklet.render.mask import mask_of
from docklet.wiring import cloud_of, forge_of, world_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from docklet.domain.identity import RunKey
    from docklet.domain.plan import Plan
    from docklet.domain.progress import Progress
    from docklet.domain.secret import Secret
    from docklet.domain.spec import RunSpec
    from docklet.domain.trigger import Trigger
    from docklet.pipeline.aside import Aside
    from docklet.pipeline.world import World
    from docklet.ports import Forge, Observer
    from docklet.wiring import Settings

ASIDE: Final = 30.0
"""Seconds that a run's end waits for what goes on beside it; mostly that has ended long before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run that was asked for."""

    spec: RunSpec
    trigger: Trigger
    key: RunKey
    secrets: tuple[Secret, ...] = ()
    """What nobody may see, in any spelling."""
    may_push: Callable[[], Awaitable[str]] | None = None
    """See `World`; None where whoever may start a run may push its results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run that is over."""

    outcome: Outcome
    progress: Progress
    comment_url: str = ""
    """The status comment; empty without one."""
    log_path: str = ""
    """The script's whole log, relative to the workspace; empty when nothing ran."""


async def rent_and_run(
    job: Job, settings: Settings, *observers: Observer, aside: Aside | None = None
) -> Finished:
    """Prepare and carry out a job on a droplet, with one live comment; raises nothing foreseen.

    `aside` sees to droplets of other runs meanwhile.
    """
    from docklet.bot.status import FINISH_WITHIN, HURRY, StatusComment
    from docklet.render.links import Links

    forge = forge_of(settings, job.trigger.repository)
    links = Links(
        server_url=settings.server_url,
        repository=job.trigger.repository,
        run_url=job.trigger.run_url,
    )
    clock = settings.clock

    def notice(message: str) -> None:
        for observer in observers:
            observer.notify(Noticed(at=clock.now(), message=message))

    status = StatusComment(forge, clock, links, notice=notice, mask=mask_of(job.secrets))
    world = replace(_world_of(settings, job, forge, *observers, status), aside=aside)
    outcome = await _prepared_and_run(job, world)
    await status.finish(HURRY if is_stopped() else FINISH_WITHIN)
    if aside is not None:
        await _end(aside)
    return _finished(world, settings, outcome, status.comment_url)


async def _end(aside: Aside) -> None:
    """Let what goes on beside the run come to its end, but not when the process is about to."""
    if is_stopped():
        aside.abandon()
    await to_the_end(aside.end(ASIDE), when_cancelled=aside.abandon)


async def _prepared_and_run(job: Job, world: World) -> Outcome:
    """Prepare and run; a refusal is an outcome too."""
    started = world.clock.now()
    try:
        plan = await prepare(job.spec, job.trigger, job.key, world)
    except DockletError as error:
        outcome = Outcome(reason=error.reason, message=error.message)
    except asyncio.CancelledError:
        outcome = Outcome(reason=Reason.CANCELLED, message="The run was stopped from outside.")
    else:
        return await run(plan, world)
    now = world.clock.now()
    outcome = replace(outcome, seconds=now - started)
    world.tell(Ended(at=now, outcome=outcome))
    return outcome


async def plan_only(job: Job, settings: Settings) -> Plan:
    """Decide what a run would do; nothing is created, deleted or written."""
    forge = forge_of(settings, job.trigger.repository)
    return await preview(
        job.spec,
        job.trigger,
        job.key,
        cloud=cloud_of(settings),
        forge=forge,
        now=settings.clock.now(),
    )


async def run_here(job: Job, settings: Settings, *observers: Observer) -> Finished:
    """Carry out a job on this machine's Docker."""
    forge = forge_of(settings, job.trigger.repository)
    sha = await commit_of(job.spec, job.trigger, forge)
    trigger = replace(job.trigger, sha=sha)
    plan = local_plan(job.spec, trigger, job.key, settings.clock.now())
    world = _world_of(settings, job, forge, *observers)
    return _finished(world, settings, await run_local(plan, world))


def _finished(
    world: World, settings: Settings, outcome: Outcome, comment_url: str = ""
) -> Finished:
    """Describe what is over; a directory that nothing was left in goes."""
    log = world.directory / "run.log"
    if {path.name for path in world.directory.iterdir()} <= {".gitignore"}:
        rmtree(world.directory, ignore_errors=True)
    return Finished(
        outcome=outcome,
        progress=world.record.progress,
        comment_url=comment_url,
        log_path=str(log.relative_to(settings.directory)) if log.exists() else "",
    )


def _world_of(settings: Settings, job: Job, forge: Forge, *observers: Observer) -> World:
    """Build what a run works with."""
    world = world_for(settings, job.key, job.trigger.repository, forge, *observers)
    return world if job.may_push is None else replace(world, may_push=job.may_push)
