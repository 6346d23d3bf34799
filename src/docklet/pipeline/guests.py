"""Runs on machines that were there before them: finish what lost its process there.

Such a machine is known by its tags, and runs on it by their folders. It stays whatever becomes of
them, and whoever has it could put anything there: what counts is sealed, and for this machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AgentError, DockletError
from docklet.domain.events import Noticed
from docklet.domain.identity import RunKey
from docklet.domain.triage import Action, Case, decide_guest, is_forgotten
from docklet.pipeline.agent import Agent
from docklet.pipeline.examine import agent_on, with_workflow
from docklet.pipeline.existing import host
from docklet.pipeline.lease import unsealed
from docklet.pipeline.reach import HOMES, keys_for
from docklet.pipeline.reap import MOST
from docklet.pipeline.rescue import rescue
from docklet.pipeline.sweep import BETWEEN, Found, droplets_of, each_of, left

if TYPE_CHECKING:
    from docklet.domain.plan import Existing
    from docklet.pipeline.examine import Office
    from docklet.pipeline.rescue import Hands
    from docklet.pipeline.world import Site
    from docklet.ports import Droplet

_KEY: Final = re.compile(r"[0-9a-f]{20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest(Found):
    """A run of this repository on a machine that stays, and what becomes of it."""

    @property
    def is_expected(self) -> bool:
        """Tell whether somebody will still finish it."""
        return not is_forgotten(self.case)


async def survey_guests(office: Office, site: Site) -> tuple[Guest, ...]:
    """Look at all machines that runs may be on as guests; return those runs."""
    if not office.repository:
        return ()
    droplets = await droplets_of(site)
    found = await each_of(droplets, lambda droplet: _guests_on(droplet, office, site))
    return tuple(guest for there in found for guest in there)


async def see_to_guests(office: Office, hands: Hands, site: Site) -> tuple[Guest, ...]:
    """Finish or end what nobody looks after any more; return what became of each."""
    found = await survey_guests(office, site)
    chosen = [one for one in found if one.decision.action is not Action.LEAVE][:MOST]
    if not chosen:
        return found
    await site.clock.sleep(BETWEEN)
    done = {one.key: await _seen_to(one, office, hands, site) for one in chosen}
    return tuple(done.get(one.key, one) for one in found)


async def _guests_on(droplet: Droplet, office: Office, site: Site) -> tuple[Guest, ...]:
    """Return the runs on one machine; none where nobody could ask, which is told."""
    there = host(droplet, site.clock.now())
    if there is None:
        return ()
    shell = office.access.shell(there.address, keys_for(there, office.access))
    try:
        names = await Agent(shell, f"{HOMES}/any", site.clock).neighbours()
        runs = (RunKey(name) for name in names if _KEY.fullmatch(name))
        agents = ((run, Agent(shell, f"{HOMES}/{run}", site.clock)) for run in runs)
        cases = [await _case(run, agent, there, office, site) for run, agent in agents]
    except DockletError as error:
        told = f"Runs on {droplet.name} can't be looked for: {error.message}"
        site.tell(Noticed(at=site.clock.now(), message=told))
        return ()
    finally:
        await shell.close()
    ours = (one for one in cases if one is not None)
    return tuple(Guest(droplet=droplet, case=one, decision=decide_guest(one)) for one in ours)


async def _case(
    run: RunKey, agent: Agent, there: Existing, office: Office, site: Site
) -> Case | None:
    """Return what is known of a run; None for one that is not this repository's, or anybody's."""
    try:
        look = await agent.look()
        record = unsealed(look.record, run, office.access, there.droplet_id)
    except AgentError:
        return None
    if record.plan.identity.repository.lower() != office.repository.lower():
        return None
    now = site.clock.now()
    case = Case(
        identity=record.plan.identity,
        status="active",
        age=now - record.started,
        now=now,
        ours=True,
        look=look,
        record=replace(record, plan=replace(record.plan, existing=there)),
        stale_after=office.stale_after,
    )
    return await with_workflow(case, office)


async def _seen_to(guest: Guest, office: Office, hands: Hands, site: Site) -> Guest:
    """Take the last look at a run and act on it; what fails is told, and stops nobody."""
    try:
        droplet = await site.cloud.droplet(guest.droplet.droplet_id)
        found = () if droplet is None else await _guests_on(droplet, office, site)
        again = next((one for one in found if one.key == guest.key), None)
        if again is None:
            return left(guest, "is gone already")
        match again.decision.action:
            case Action.TAKE_UP:
                return await _take_up(again, office, hands, site)
            case Action.DELETE:
                return await _end(again, office, hands, site)
            case Action.LEAVE | Action.WAKE:
                return again
    except DockletError as error:
        site.tell(Noticed(at=site.clock.now(), message=error.message))
        return replace(left(guest, "could not be seen to; try again"), failed=True)


async def _take_up(guest: Guest, office: Office, hands: Hands, site: Site) -> Guest:
    """Finish a run whose script has ended."""
    saved = await rescue(
        *(guest.droplet, guest.case, office, hands, site),
        over=office.stale_after,
        last_chance=False,
    )
    return left(guest, "was taken up by another process") if saved is None else guest


async def _end(guest: Guest, office: Office, hands: Hands, site: Site) -> Guest:
    """Remove what a run has begun, once nobody else can think that the run is theirs."""
    record, case = guest.case.record, guest.case
    there = None if record is None else record.plan.existing
    agent = agent_on(guest.droplet, case.identity, office, site, there)
    try:
        if not await agent.hold(office.holder, over=office.stale_after):
            return left(guest, "was taken up by another process")
        await agent.clean()
    finally:
        await agent.close()
    await hands.deleted(guest.droplet, case)
    return guest
