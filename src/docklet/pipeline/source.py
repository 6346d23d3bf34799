"""Bring the repository to where the container runs."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from docklet.domain.events import Phase
from docklet.pipeline.agent import Agent

if TYPE_CHECKING:
    from docklet.domain.plan import Plan
    from docklet.pipeline.world import World


async def bring_source(plan: Plan, agent: Agent, world: World) -> None:
    """Check the commit out on the run's machine.

    A fresh droplet clones by itself, with the token on the command's standard input. One that
    existed before has run other people's images and gets no token: the checkout is made here and
    sent.
    """
    with world.phase(Phase.CLONE):
        if plan.existing is None:
            await agent.checkout(checkout_request(plan, world.server_url), world.forge_token)
        else:
            await _send_source(plan, agent, world)


def checkout_request(plan: Plan, server_url: str) -> dict[str, object]:
    """Return what the agent needs to know to check the commit out."""
    spec = plan.spec
    return {
        "url": f"{server_url.rstrip('/')}/{plan.trigger.repository}.git",
        "sha": plan.sha,
        "branch": plan.branch or plan.trigger.branch or None,
        "depth": spec.fetch_depth,
        "submodules": spec.submodules.value,
        "lfs": spec.lfs,
    }


async def _send_source(plan: Plan, agent: Agent, world: World) -> None:
    """Check out on this machine and send the tree."""
    with tempfile.TemporaryDirectory(prefix="docklet-") as home:
        here = Agent(world.host, home, world.clock)
        await here.install(world.agent_code)
        await here.checkout(checkout_request(plan, world.server_url), world.forge_token)
        await agent.unpack(here.pack())
