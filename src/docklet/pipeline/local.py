"""Try a job on this machine: the same clone, container and collection, and no droplet."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from docklet.domain.ending import outcome_of
from docklet.domain.errors import DockletError
from docklet.domain.events import Ended, Planned
from docklet.domain.identity import Identity, slot_of
from docklet.domain.outcome import Outcome
from docklet.domain.plan import Plan, Size, target_branch
from docklet.domain.spec import Push
from docklet.pipeline.agent import Agent
from docklet.pipeline.bases import fetching
from docklet.pipeline.execute import execute
from docklet.pipeline.giveback import tidy
from docklet.pipeline.run import pull, results
from docklet.pipeline.source import bring_source
from docklet.pipeline.stopped import kept, stopped
from docklet.pipeline.world import to_the_end, together

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from docklet.domain.identity import RunKey
    from docklet.domain.spec import RunSpec
    from docklet.domain.trigger import Trigger
    from docklet.pipeline.world import World


async def run_local(plan: Plan, world: World) -> Outcome:
    """Carry out `plan` on this machine's Docker; results are pushed as `plan.spec.push` says."""
    started = world.clock.now()
    world.tell(Planned(at=started, plan=plan))
    try:
        outcome = await _work(plan, world)
    except DockletError as error:
        outcome = Outcome(reason=error.reason, message=error.message, published=kept(world))
    except asyncio.CancelledError:
        outcome = stopped(world)
    now = world.clock.now()
    outcome = replace(outcome, seconds=now - started)
    world.tell(Ended(at=now, outcome=outcome))
    return outcome


def local_plan(spec: RunSpec, trigger: Trigger, key: RunKey, now: float) -> Plan:
    """Return the plan of a run on this machine: no price, no droplet, no deadline to keep.

    Raises `InvalidInputs` when results are to be pushed and nobody said where.
    """
    here = Size(
        slug="local",
        price_hourly=Decimal(0),
        vcpus=0,
        memory=0,
        disk=0,
        regions=frozenset({"local"}),
    )
    identity = Identity(
        key=key, slot=slot_of(key), repository=trigger.repository, deadline=int(now)
    )
    return Plan(
        spec=replace(spec, max_cost=None),
        trigger=trigger,
        identity=identity,
        size=here,
        image="",
        branch=target_branch(spec, trigger) or spec.branch or trigger.branch,
        sha=trigger.sha,
        local=True,
    )


async def _work(plan: Plan, world: World) -> Outcome:
    """Clone and pull, run, collect, and perhaps publish."""
    async with fetching(plan, world) as bases, _agent(world) as agent:
        await together(bring_source(plan, agent, world), pull(plan, agent, world, local_ok=True))
        log = world.directory / "run.log"
        ending = await execute(plan, agent, world, log=log, spent=0.0)
        published = await results(plan, agent, ending, bases, world)
    return outcome_of(ending, published, pushes=plan.spec.push is not Push.NONE)


@asynccontextmanager
async def _agent(world: World) -> AsyncIterator[Agent]:
    """Provide an agent in a directory of its own; stop and remove everything of it afterwards."""
    with tempfile.TemporaryDirectory(prefix="docklet-", ignore_cleanup_errors=True) as home:
        agent = Agent(world.host, home, world.clock)
        await agent.install(world.agent_code)
        try:
            yield agent
        finally:
            await to_the_end(tidy(agent, world))
