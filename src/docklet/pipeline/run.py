"""The story of a run: rent, clone and pull, run, collect, push, give back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from docklet.domain.cost import cost_of
from docklet.domain.ending import outcome_of
from docklet.domain.errors import DockletError, GitError
from docklet.domain.events import Ended, ImagePulled, Noticed, Phase, Planned
from docklet.domain.extension import tags_of_limit
from docklet.domain.outcome import Outcome, Published, Reason
from docklet.domain.spec import Push
from docklet.pipeline.bases import fetching
from docklet.pipeline.collect import collect
from docklet.pipeline.counting import counted
from docklet.pipeline.create import Rental, create
from docklet.pipeline.execute import execute
from docklet.pipeline.giveback import give_back
from docklet.pipeline.keep import asked
from docklet.pipeline.lease import holding, record_of, sealed
from docklet.pipeline.publish import Publication, publish, read_results
from docklet.pipeline.reach import boot, join
from docklet.pipeline.source import bring_source
from docklet.pipeline.stopped import called, kept, results_archive, stopped
from docklet.pipeline.world import is_stopped, to_the_end, together
from docklet.ports import CommitMessage
from docklet.render.commit import COMMITTER, author_of, commit_message

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from docklet.domain.ending import Ending
    from docklet.domain.plan import Plan
    from docklet.domain.progress import Progress
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.bases import Bases
    from docklet.pipeline.world import World

DOCKER_WAIT: Final = 300
"""Seconds until Docker must answer on a fresh droplet that may have to install it first."""


async def run(plan: Plan, world: World) -> Outcome:
    """Carry out `plan` and return how it ended; the machine is given back whatever happens."""
    started = world.clock.now()
    world.tell(Planned(at=started, plan=plan))
    rental = Rental()
    outcome = Outcome(reason=Reason.AGENT_FAILED, message="docklet itself failed; see the log.")
    try:
        outcome = await _attempt(plan, rental, world)
    finally:
        if is_stopped():
            rental.hurry.set()
        giving = counted(give_back(plan, rental, outcome, world), outcome, rental, world)
        outcome = await to_the_end(giving, when_cancelled=rental.hurry.set)
        now = world.clock.now()
        outcome = replace(outcome, seconds=now - started, cost=cost(world.record.progress, now))
        world.tell(Ended(at=now, outcome=outcome))
    return outcome


async def _attempt(plan: Plan, rental: Rental, world: World) -> Outcome:
    """Do the work; every failure that docklet explains becomes an outcome."""
    try:
        return await _work(plan, rental, world)
    except DockletError as error:
        return Outcome(reason=error.reason, message=error.message, published=kept(world))
    except asyncio.CancelledError:
        return stopped(world)


async def _work(plan: Plan, rental: Rental, world: World) -> Outcome:
    """Rent, clone and pull, run, collect, publish."""
    agent = await _machine(plan, rental, world)
    async with fetching(plan, world) as bases, holding(plan, agent, world):
        await together(bring_source(plan, agent, world), pull(plan, agent, world))
        log, record = world.directory / "run.log", _record(plan, bases, world)
        ending = await execute(plan, agent, world, log=log, spent=_spent(world), record=record)
        rental.keep = asked(ending, plan, world.access)
        rental.tags = tags_of_limit(plan, ending.limit)
        published = await results(plan, agent, ending, bases, world)
    return outcome_of(ending, published, pushes=plan.spec.push is not Push.NONE)


def _record(plan: Plan, bases: Bases, world: World) -> Mapping[str, object]:
    """Return what finishes the run without us."""
    return sealed(record_of(plan, world, bases.known), world.access)


async def _machine(plan: Plan, rental: Rental, world: World) -> Agent:
    """Rent a droplet, or take the one that is there, and put the agent on it."""
    key = plan.identity.key
    if plan.existing is not None:
        agent = await join(plan.existing, key, world)
    else:
        droplet = await create(plan, rental, world)
        agent = await boot(droplet, key, world)
    rental.agent = agent
    return agent


async def pull(plan: Plan, agent: Agent, world: World, *, local_ok: bool = False) -> None:
    """Pull the image, while the clone goes on."""
    with world.phase(Phase.PULL):
        wait = 0 if plan.local else DOCKER_WAIT
        digest = await agent.pull(plan.spec, wait=wait, local_ok=local_ok)
    world.tell(ImagePulled(at=world.clock.now(), digest=digest))


async def results(
    plan: Plan,
    agent: Agent,
    ending: Ending,
    bases: Bases,
    world: World,
    *,
    since: float | None = None,
) -> Published:
    """Collect and publish; a failed script's results are a bonus, so their loss is only noted.

    What git can't take stays in the archive. `since` is the epoch second since which another
    process may have pushed them.
    """
    archive = results_archive(world)
    try:
        await collect(plan, agent, world, archive)
        git = await bases.ready()
        results, changes = await read_results(plan, git, archive, world.secrets)
        work = Publication(
            plan=plan,
            git=git,
            results=results,
            changes=changes,
            message=_signed(plan, ending, world),
            archive=archive,
            begun=bases.begun,
            since=since,
        )
        return await publish(work, world, succeeded=ending.succeeded)
    except GitError as error:
        world.tell(Noticed(at=world.clock.now(), message=error.message))
        return Published(archive=called(archive))
    except DockletError as error:
        if ending.succeeded:
            raise
        world.tell(Noticed(at=world.clock.now(), message=error.message))
        return kept(world) or Published()


def _signed(plan: Plan, ending: Ending, world: World) -> CommitMessage:
    """Word the results commit: by whoever asked for the run, through docklet."""
    text = commit_message(
        plan, world.record.progress, now=world.clock.now(), exit_code=ending.exit_code
    )
    own = plan.trigger.author
    author = own or author_of(plan.trigger.actor)
    return CommitMessage(text=text, author=author, committer=own or COMMITTER)


def _spent(world: World) -> float:
    """Return for how many seconds the droplet has cost money already."""
    created = world.record.progress.droplet_created
    return 0.0 if created is None else world.clock.now() - created


def cost(progress: Progress, now: float) -> Decimal | None:
    """Return what the run's droplet has cost until it was gone, or until `now`."""
    if progress.plan is None or progress.droplet_created is None:
        return None
    until = progress.droplet_gone or now
    return cost_of(until - progress.droplet_created, progress.plan.size.price_hourly)
