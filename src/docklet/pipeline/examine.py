"""Find out what has become of the run on a droplet, without changing anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AgentError, DockletError, ForgeError
from docklet.domain.triage import Case, Look, Workflow, worth_a_look
from docklet.pipeline.agent import Agent
from docklet.pipeline.lease import unsealed
from docklet.pipeline.reach import HOMES, keys_for

if TYPE_CHECKING:
    from docklet.domain.identity import Identity
    from docklet.domain.plan import Existing
    from docklet.pipeline.world import Site
    from docklet.ports import Access, Droplet, Forge

_NO_RECORD: Final = "there is no record of its run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What it takes to finish the runs of one repository."""

    repository: str
    """`owner/name`."""
    forge: Forge
    access: Access
    holder: str
    """A name that no other process has."""
    stale_after: float
    """Seconds without a sign of life after which a run counts as left."""


def agent_on(
    droplet: Droplet,
    identity: Identity,
    office: Office,
    site: Site,
    there: Existing | None = None,
) -> Agent:
    """Return the way to a run's agent, on its own droplet or on one that was `there` before it."""
    access = office.access
    keys = access.keys(identity.key) if there is None else keys_for(there, access)
    shell = access.shell(droplet.address, keys)
    return Agent(shell, f"{HOMES}/{identity.key}", site.clock)


def case_of(droplet: Droplet, identity: Identity, office: Office, site: Site) -> Case:
    """Return what is known of a droplet without asking it."""
    now = site.clock.now()
    return Case(
        identity=identity,
        status=droplet.status,
        age=now - droplet.created,
        now=now,
        ours=identity.repository.lower() == office.repository.lower(),
        stale_after=office.stale_after,
    )


async def examine(droplet: Droplet, identity: Identity, office: Office, site: Site) -> Case:
    """Return what is known of a droplet: it is asked once, where that can change anything."""
    case = case_of(droplet, identity, office, site)
    if not worth_a_look(case) or not droplet.address:
        return case
    agent = agent_on(droplet, identity, office, site)
    try:
        case = await _asked(case, agent, office)
    finally:
        await agent.close()
    return await with_workflow(case, office)


async def _asked(case: Case, agent: Agent, office: Office) -> Case:
    """Return the case with what the droplet says."""
    try:
        look = await looked(agent)
    except DockletError as error:
        return replace(case, trouble=_clause(error))
    if not look.record:
        return replace(case, look=look, trouble=_NO_RECORD)
    try:
        record = unsealed(look.record, case.identity.key, office.access)
    except AgentError as error:
        return replace(case, look=look, trouble=_clause(error))
    return replace(case, look=look, record=record)


async def with_workflow(case: Case, office: Office) -> Case:
    """Return the case with how its workflow run goes, where the signs of life have ended."""
    if case.look is None or case.record is None:
        return case
    run_id = case.record.plan.trigger.workflow_run
    fresh = case.look.lease is not None and case.look.lease < case.stale_after
    if fresh or run_id is None:
        return case
    try:
        return replace(case, workflow=await office.forge.workflow_run(run_id))
    except ForgeError:
        return replace(case, workflow=Workflow.UNKNOWN)


async def looked(agent: Agent) -> Look:
    """Ask the agent; where none ever arrived, the run died before that."""
    try:
        return await agent.look()
    except AgentError:
        if await agent.is_installed():
            raise
    return Look(lease=None, started=False, ended=False, record={})


def _clause(error: DockletError) -> str:
    """Return an error's message as part of a sentence."""
    return error.message.rstrip(".")
