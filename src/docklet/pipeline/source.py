"""Bring the repository to where the container runs."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AgentError
from docklet.domain.events import Phase
from docklet.pipeline.agent import Agent

if TYPE_CHECKING:
    from docklet.domain.plan import Plan
    from docklet.pipeline.world import World

LFS_WAIT: Final = 240.0
"""Seconds until cloud-init must have installed git-lfs, which Docker's 1-click image lacks."""
LFS_PAUSE: Final = 3.0
"""Seconds between looks whether it has."""


async def bring_source(plan: Plan, agent: Agent, world: World) -> None:
    """Check the commit out on the run's machine.

    A fresh droplet clones by itself, with the token on the command's standard input. One that
    existed before has run other people's images and gets no token: the checkout is made here and
    sent.
    """
    with world.phase(Phase.CLONE):
        if plan.existing is None:
            await _check_out(plan, agent, world)
        else:
            await _send_source(plan, agent, world)


async def _check_out(plan: Plan, agent: Agent, world: World) -> None:
    """Have the machine clone; where it lacks git-lfs, cloud-init is about to bring it."""
    deadline = world.clock.now() + (0 if plan.local else LFS_WAIT)
    request = checkout_request(plan, world.server_url)
    while True:
        try:
            await agent.checkout(request, world.forge_token)
        except AgentError as error:
            if error.kind != "lfs-missing" or world.clock.now() >= deadline:
                raise
            await world.clock.sleep(LFS_PAUSE)
        else:
            return


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
