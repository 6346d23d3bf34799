"""Save what a run has left on its droplet, for whoever comes by: a sweep, or a job's last step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from docklet.domain.errors import AgentError
from docklet.domain.state import State
from docklet.domain.triage import Workflow
from docklet.pipeline.examine import agent_on
from docklet.pipeline.takeup import Remains, take_up

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from docklet.domain.identity import RunKey
    from docklet.domain.progress import Progress
    from docklet.domain.record import RunRecord
    from docklet.domain.triage import Case
    from docklet.pipeline.examine import Office
    from docklet.pipeline.world import Site, World
    from docklet.ports import Droplet


def _nothing(world: World, record: RunRecord) -> None:
    """Leave what is there where it is."""


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
    save: Callable[[World, RunRecord], None] = _nothing
    """See to it that what the repository could not take is found, when this machine is gone."""


async def rescue(
    droplet: Droplet,
    case: Case,
    office: Office,
    hands: Hands,
    site: Site,
    *,
    over: float,
    last_chance: bool,
) -> Progress | None:
    """Finish the run whose script has ended; None when another process has it.

    Signs of life that are older than `over` seconds count no longer. Raises `DockletError` when
    the results could not be saved.
    """
    record = case.record
    if record is None:
        message = f"The run can't be taken up: {case.trouble}."
        raise AgentError(message, kind="record")
    agent = agent_on(droplet, case.identity, office, site, record.plan.existing)
    try:
        if not await agent.hold(office.holder, over=over):
            return None
        remains = Remains(
            record=record,
            droplet=droplet,
            agent=agent,
            holder=office.holder,
            shows_log=hands.knows_secrets or not record.hides,
            last_chance=last_chance,
            may_stay=_may_stay(case),
        )
        world = hands.open_world(case.identity.key)
        try:
            outcome = await take_up(remains, world)
        finally:
            hands.save(world, record)
        if outcome is None:
            return None
        await hands.finished(world)
    finally:
        await agent.close()
    return world.record.progress


def _may_stay(case: Case) -> bool:
    """Tell whether a wish to keep the droplet counts: it has time left, and nobody stopped it."""
    return case.state is not State.EXPIRED and case.workflow is not Workflow.CANCELLED
