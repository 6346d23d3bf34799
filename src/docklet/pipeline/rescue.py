"""Save what a run has left on its droplet, for whoever comes by: a sweep, or a job's last step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from docklet.domain.errors import AgentError
from docklet.pipeline.examine import agent_on
from docklet.pipeline.takeup import Remains, take_up

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from docklet.domain.identity import RunKey
    from docklet.domain.triage import Case
    from docklet.pipeline.examine import Office
    from docklet.pipeline.world import Site, World
    from docklet.ports import Droplet


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What acting takes: worlds to finish runs in, and somebody who reports."""

    open_world: Callable[[RunKey], World]
    """Make the world that a run is finished in."""
    finished: Callable[[World], Awaitable[None]]
    """Report on a run that was finished."""
    deleted: Callable[[Droplet, Case], Awaitable[None]]
    """Report on a run whose droplet went without its results."""
    knows_secrets: bool
    """Whether all that must be blanked out in a log is known here."""


async def rescue(
    droplet: Droplet,
    case: Case,
    office: Office,
    hands: Hands,
    site: Site,
    *,
    over: float,
    last_chance: bool,
) -> bool:
    """Finish the run whose script has ended; False when another process has it.

    Signs of life that are older than `over` seconds count no longer. Raises `DockletError` when
    the results could not be saved.
    """
    record = case.record
    if record is None:
        message = f"The run can't be taken up: {case.trouble}."
        raise AgentError(message, kind="record")
    agent = agent_on(droplet, case.identity, office, site)
    try:
        if not await agent.hold(office.holder, over=over):
            return False
        remains = Remains(
            record=record,
            droplet=droplet,
            agent=agent,
            holder=office.holder,
            shows_log=hands.knows_secrets or not record.hides,
            last_chance=last_chance,
        )
        world = hands.open_world(case.identity.key)
        if await take_up(remains, world) is None:
            return False
        await hands.finished(world)
    finally:
        await agent.close()
    return True
