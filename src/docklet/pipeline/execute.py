"""Run the container to its end: SSH is a view of the job, not what carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.cost import seconds_for
from docklet.domain.errors import AgentError
from docklet.domain.events import Noticed, Phase
from docklet.domain.outcome import Reason
from docklet.pipeline.follow import Follower
from docklet.pipeline.room import room_for
from docklet.pipeline.saved_log import SavedLog

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from docklet.domain.ending import Ending
    from docklet.domain.plan import Plan
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.world import World

GRACE: Final = 10
"""Seconds between asking a script to stop and ending it."""
RESERVED: Final = 512 * 1024 * 1024
"""Bytes of memory kept back, so that an out-of-memory script can't take SSH down."""
WIND_UP: Final = 60
"""Seconds that an existing droplet is still needed behind the script."""


async def execute(
    plan: Plan,
    agent: Agent,
    world: World,
    *,
    log: Path,
    spent: float,
    record: Mapping[str, object] | None = None,
) -> Ending:
    """Run the script to its end and return how it ended.

    `spent` is for how many seconds the droplet has been paid for already. The whole log goes to
    the file `log`. `record` is what another process needs to finish the run.
    """
    with world.phase(Phase.RUN):
        limit = _limit(plan, world, spent)
        await agent.start({**start_request(plan, limit), "record": record or {}})
        deadline = world.clock.now() + limit + GRACE + 60
        with SavedLog(log, room_for(log.parent) // 2) as sink:
            await Follower(agent, world, sink, run=plan.identity).follow(deadline)
        ending = await agent.ending()
    if ending is None:
        message = "The supervisor on the droplet ended without saying how the script ended."
        raise AgentError(message, kind="lost", reason=Reason.DROPLET_LOST)
    return ending


def _limit(plan: Plan, world: World, spent: float) -> int:
    """Return the seconds that the script may take; tell when they are fewer than asked for."""
    now = world.clock.now()
    limit = time_limit(plan, spent, now)
    if limit < plan.spec.timeout:
        told = f"The script may take {limit} s only: then the money, or the droplet's time, is up."
        world.tell(Noticed(at=now, message=told))
    return limit


def time_limit(plan: Plan, spent: float, now: float) -> int:
    """Return the least of the script's own limit, what the money is worth, and the time left."""
    limits = [plan.spec.timeout]
    if plan.spec.max_cost is not None:
        affordable = seconds_for(plan.spec.max_cost, plan.size.price_hourly)
        limits.append(affordable - int(spent))
    if plan.existing is not None and plan.existing.until is not None:
        limits.append(int(plan.existing.until - now) - WIND_UP)
    return max(1, min(limits))


def start_request(plan: Plan, limit: int) -> dict[str, object]:
    """Return what the agent needs to know to start the container."""
    spec = plan.spec
    return {
        "image": spec.image,
        "argv": list(spec.argv),
        "workdir": spec.path,
        "env": {name: value.reveal() for name, value in spec.env.items()},
        "timeout": limit,
        "grace": GRACE,
        "reserve_memory": 0 if plan.local else RESERVED,
        "metadata_open": plan.local,
        "private_network": plan.local or spec.private_network,
        "gpus": spec.gpu,
        "run": {"sha": plan.sha, "branch": plan.branch, "repository": plan.trigger.repository},
    }
