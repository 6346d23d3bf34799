"""Reach into a run from another process than its own: stop its script, extend it, read its log.

Its own process goes on meanwhile and does what has to be done then: collect, report, give back.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AgentError, CloudError, DockletError, Unreachable
from docklet.pipeline.agent import persist
from docklet.pipeline.examine import agent_on, looked
from docklet.pipeline.keep import seal
from docklet.pipeline.lease import unsealed
from docklet.pipeline.reach import HOMES
from docklet.pipeline.reap import discard
from docklet.pipeline.remove import drop_tag
from docklet.pipeline.watch import log_size, log_until
from docklet.render.fence import readable
from docklet.render.mask import mask_of
from docklet.render.units import moment

if TYPE_CHECKING:
    from docklet.domain.extension import Extension
    from docklet.domain.identity import Identity
    from docklet.domain.plan import Plan
    from docklet.domain.secret import Secret
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.examine import Office
    from docklet.pipeline.world import Site
    from docklet.ports import Clock, Droplet

PATIENCE: Final = 30.0
"""Seconds for which a lost connection is sought again."""
MOST: Final = 256 * 1024
"""Bytes of a log's end that are looked at."""
_STOPPING: Final = "The script is being stopped; its comment will say what is left of it."
_ENDED: Final = "The script has ended already; its results are on their way."
_GIVEN_BACK: Final = "Its droplet was kept, and is deleted now."
_DELETED: Final = "The script had not begun, so the droplet is deleted."
_UNREACHED: Final = "The droplet did not answer ({why}), so it is deleted."
_KEEPING: Final = (
    "Its droplet will be kept when its script has ended, and the comment will say until when."
)
_TOO_LATE: Final = "Its script has ended already, so its droplet goes."
_NO_ADDRESS: Final = (
    "Its droplet has no address yet, so nothing was changed. Try again in a minute."
)
_OVER: Final = "Its script has ended already, or is being ended, so it gets no more time."
_UNTOLD: Final = (
    "The droplet did not answer ({why}), so nobody knows whether its script has more time now. The"
    " droplet may stay until {until} in any case; another `extend` adds to that."
)
_PUT_BACK: Final = "{why} Nothing was changed."
_LEFT: Final = "{why} Its droplet may stay until {until} nevertheless."
_UNKNOWN: Final = (
    "The log of this run is not shown: its script was given secrets, and what has to be blanked"
    " out is not known here ({why})."
)


async def stop(droplet: Droplet, identity: Identity, by: str, office: Office, site: Site) -> str:
    """End a run's script, or delete the droplet that has none; say which.

    Raises `CloudError` when the droplet may still be there.
    """
    if identity.kept_until is not None:
        await discard(droplet, identity, site)
        return _GIVEN_BACK
    agent = agent_on(droplet, identity, office, site)
    try:
        told = await _stopped(agent, by, site.clock) if droplet.address else ""
    except DockletError as error:
        told = ""
        reason = _UNREACHED.format(why=error.message.rstrip("."))
    else:
        reason = _DELETED
    finally:
        await agent.close()
    if told:
        return told
    await discard(droplet, identity, site)
    return reason


async def _stopped(agent: Agent, by: str, clock: Clock) -> str:
    """Ask the agent to stop the script; nothing when there is none to stop."""
    found = await persist(partial(looked, agent), clock, PATIENCE)
    if not found.started:
        return ""
    if found.ended:
        return _ENDED
    await agent.stop(by=by, patience=PATIENCE)
    return _STOPPING


async def plan_of(droplet: Droplet, identity: Identity, office: Office, site: Site) -> Plan:
    """Return the plan of a run, as its own process has sealed it.

    Raises `AgentError` when there is none, or the script has ended; `Unreachable` as it says.
    """
    if not droplet.address:
        raise Unreachable(_NO_ADDRESS)
    agent = agent_on(droplet, identity, office, site)
    try:
        found = await agent.look()
    finally:
        await agent.close()
    if found.ended:
        raise AgentError(_ENDED, kind="ended")
    return unsealed(found.record, identity.key, office.access).plan


async def keep(droplet: Droplet, identity: Identity, office: Office, site: Site) -> str:
    """Have a run's droplet kept when its script has ended; say what comes of it.

    Raises `DockletError` when the droplet could not be told.
    """
    agent = agent_on(droplet, identity, office, site)
    wish = seal(identity.key, office.access)
    try:
        told = await agent.keep(wish)
    finally:
        await agent.close()
    return _KEEPING if told else _TOO_LATE


async def extend(
    droplet: Droplet, identity: Identity, more: Extension, office: Office, site: Site
) -> float:
    """Let a script take longer; return the epoch second until which it may, as the droplet says.

    The droplet's deadline goes first, or somebody could delete it under a script that was told
    that it has more time. Raises `DockletError` with the deadline back where it was, unless the
    script may have been told.
    """
    tag = replace(identity, deadline=more.deadline).tag
    try:
        await site.cloud.add_tag(droplet.droplet_id, tag)
        left = await _told(droplet, identity, more, office, site)
    except Unreachable as error:
        until, why = moment(more.deadline), error.message.rstrip(".")
        raise Unreachable(_UNTOLD.format(until=until, why=why)) from error
    except DockletError as error:
        told = await _put_back(tag, more, error.message, site)
        raise AgentError(told, kind="not-extended", reason=error.reason) from error
    if more.superseded is not None:
        await drop_tag(replace(identity, deadline=more.superseded).tag, site)
    return min(site.clock.now() + left, more.deadline)


async def _told(
    droplet: Droplet, identity: Identity, more: Extension, office: Office, site: Site
) -> float:
    """Tell the droplet, which may be told twice; return the seconds that the script has left."""
    agent = agent_on(droplet, identity, office, site)
    try:
        left = await agent.extend(more.limit, patience=PATIENCE)
    finally:
        await agent.close()
    if left is None:
        raise AgentError(_OVER, kind="ended")
    return left


async def _put_back(tag: str, more: Extension, why: str, site: Site) -> str:
    """Take a deadline back; say what is the case then."""
    try:
        await site.cloud.delete_tag(tag)
    except CloudError:
        return _LEFT.format(why=why, until=moment(more.deadline))
    return _PUT_BACK.format(why=why)


async def log_end(
    droplet: Droplet,
    identity: Identity,
    lines: int,
    office: Office,
    site: Site,
    *,
    known: tuple[Secret, ...],
) -> str:
    """Return the last lines of a run's log, as text without secrets.

    `known` is what must not be seen beside what the script was given. Raises `AgentError` when
    nobody can tell what that was.
    """
    shell = office.access.shell(droplet.address, office.access.keys(identity.key))
    agent = agent_on(droplet, identity, office, site)
    try:
        home = f"{HOMES}/{identity.key}"
        size = await log_size(shell, home)
        given = await _given(agent, identity, office)
        data = b""
        async for piece in log_until(shell, home, size, tail=lines):
            data = (data + piece)[-2 * MOST :]
    finally:
        await agent.close()
        await shell.close()
    return _clean(data, (*known, *given))


async def _given(agent: Agent, identity: Identity, office: Office) -> tuple[Secret, ...]:
    """Return the values that the script was given; raise `AgentError` when they are unknown."""
    try:
        found = await agent.look()
        record = unsealed(found.record, identity.key, office.access)
    except AgentError as error:
        message = _UNKNOWN.format(why=error.message.rstrip("."))
        raise AgentError(message, kind="record") from error
    return tuple(record.plan.spec.env.values())


def _clean(data: bytes, secrets: tuple[Secret, ...]) -> str:
    """Blank out secrets; where the log is cut one may have been, so the rest of a line goes."""
    mask = mask_of(secrets)
    if len(data) > MOST:
        tail = data[-MOST:]
        line = tail.find(b"\n", 0, MOST // 2)
        data = tail[line + 1 :] if line >= 0 else tail[mask.longest :]
    return mask.text(readable(mask.data(data)))
