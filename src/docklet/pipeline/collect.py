"""Fetch the changed files as one archive; it is data, and stays whole until it is pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AgentError, HostKeyMismatch, Unreachable
from docklet.domain.events import Phase
from docklet.domain.outcome import Reason
from docklet.pipeline.agent import persist

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.domain.plan import Plan
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.world import World

LARGEST_FILE: Final = 100 * 1024 * 1024
"""Bytes; GitHub refuses a push with a larger file."""


async def collect(plan: Plan, agent: Agent, world: World, archive: Path) -> None:
    """Write the run's results to `archive`; begins again when the connection breaks."""

    async def fetch() -> None:
        with archive.open("wb") as sink:
            async for chunk in agent.collect(plan.spec.paths, LARGEST_FILE):
                sink.write(chunk)

    with world.phase(Phase.COLLECT):
        try:
            await persist(fetch, world.clock)
        except HostKeyMismatch:
            raise
        except (AgentError, Unreachable) as error:
            message = f"The results could not be read from the droplet. {error.message}"
            raise AgentError(message, kind="collect", reason=Reason.NOT_COLLECTED) from error
