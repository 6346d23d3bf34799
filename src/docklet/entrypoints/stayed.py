"""Settle a killed run on a droplet that was there before it, in the same job's last step.

The job has its inputs still, and they say all that is needed: the record on the machine, which may
be somebody else's, is for `docklet reap`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AgentError
from docklet.domain.events import Noticed
from docklet.domain.outcome import Outcome, Reason
from docklet.domain.record import RunRecord
from docklet.entrypoints.settling import EXAMINE, REPORT, RESCUE, in_time
from docklet.entrypoints.sweeps import SEARCHED
from docklet.pipeline.agent import Agent
from docklet.pipeline.examine import looked
from docklet.pipeline.existing import named
from docklet.pipeline.prepare import decide, survey
from docklet.pipeline.reach import HOMES, keys_for
from docklet.pipeline.takeup import Remains, take_up

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.domain.identity import RunKey
    from docklet.domain.plan import Existing, Plan
    from docklet.domain.spec import RunSpec
    from docklet.domain.trigger import Trigger
    from docklet.entrypoints.sweeps import Desk
    from docklet.ports import Droplet


CLEAN: Final = 30.0
"""Seconds for ending the script and removing what is there of the run."""


async def settle_there(spec: RunSpec, trigger: Trigger, key: RunKey, desk: Desk) -> bool:
    """Save the results of a script that has ended, else stop it; tell if there was a run.

    The droplet stays. What could not be saved stays on it, and that is told.
    """
    site, office = desk.site, desk.office
    found = await survey(spec, trigger, site.cloud, office.forge)
    plan = decide(spec, trigger, key, found, site.clock.now())
    if plan.existing is None:
        return False
    agent = _agent_on(plan.existing, key, desk)
    try:
        look = await in_time(looked(agent), EXAMINE, site)
        if look is None:
            site.tell(Noticed(at=site.clock.now(), message=_MUTE.format(home=agent.home)))
        elif not look.ended:
            await _stopped(agent, key, desk)
        elif not await in_time(_saved(plan, agent, found.droplets, desk), RESCUE, site):
            site.tell(Noticed(at=site.clock.now(), message=_KEPT.format(home=agent.home)))
    finally:
        await agent.close()
    return True


async def _stopped(agent: Agent, key: RunKey, desk: Desk) -> None:
    """End what runs, remove the run's folder, and report that."""
    site = desk.site
    if await in_time(agent.is_installed(), EXAMINE, site):
        await in_time(agent.clean(), CLEAN, site)
    outcome = Outcome(reason=Reason.CANCELLED, message=_STOPPED)
    since = site.clock.now() - SEARCHED
    await in_time(desk.mender.ended_unknown(key, outcome, since), REPORT, site)


def _agent_on(there: Existing, key: RunKey, desk: Desk) -> Agent:
    """Return the way to the run's agent; nothing is sent yet."""
    access = desk.office.access
    shell = access.shell(there.address, keys_for(there, access))
    return Agent(shell, f"{HOMES}/{key}", desk.site.clock)


async def _saved(plan: Plan, agent: Agent, droplets: Iterable[Droplet], desk: Desk) -> bool:
    """Bring the results home, and the run's folder on the machine to an end."""
    ending = await agent.ending()
    if ending is None:
        raise AgentError(_NOT_ENDED, kind="not-ended")
    await agent.hold(desk.office.holder, over=0.0)
    started = min(ending.started, desk.site.clock.now())
    world = desk.open_world(plan.identity.key)
    remains = Remains(
        record=RunRecord(plan=plan, started=started),
        droplet=named(plan.spec.droplet, droplets),
        agent=agent,
        holder=desk.office.holder,
        shows_log=True,
        last_chance=False,
    )
    if await take_up(remains, world) is None:
        return False
    await desk.finished(world)
    return True


_NOT_ENDED: Final = "The droplet said that the script has ended, and now does not know how."
_STOPPED: Final = (
    "Its job was cancelled, or its runner was lost, before the script had ended. What it had begun"
    " on the droplet was removed."
)
_KEPT: Final = (
    "The script has ended, and its results could not be saved. They are still on the droplet, in"
    " {home}."
)
_MUTE: Final = (
    "The droplet did not answer, so what the run began there may go on until its time limit, and"
    " its results are in {home} then."
)
