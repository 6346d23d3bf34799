"""Hold a run: give signs of life on its droplet, and leave there what finishes it without us.

The lease costs the API nothing: it is a file on the droplet, renewed over the connection that
the run has anyway. Only this renewal counts as a sign of life, since others may read a run's log
by the same verbs.
"""

from __future__ import annotations

import asyncio
import hmac
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AgentError, DockletError
from docklet.domain.events import Noticed
from docklet.domain.record import RunRecord, decode, encode, values_of, with_values
from docklet.pipeline.world import to_the_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from docklet.domain.identity import RunKey
    from docklet.domain.plan import Plan
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.world import World
    from docklet.ports import Access

RENEWAL: Final = 20.0
"""Seconds between two signs of life."""
LEASE: Final = 120.0
"""Seconds without one after which a run counts as left by its process."""
OWNER: Final = "runner"
"""The holder's name of the process that began a run; there is one for each run."""


@asynccontextmanager
async def holding(
    plan: Plan, agent: Agent, world: World, holder: str = OWNER
) -> AsyncIterator[None]:
    """Give signs of life while something else goes on."""
    task = asyncio.ensure_future(_renew(plan, agent, world, holder))
    try:
        yield
    finally:
        task.cancel()
        await to_the_end(_buried(task))


async def _buried(task: asyncio.Future[None]) -> None:
    """Wait until a task has ended, however that is."""
    await asyncio.gather(task, return_exceptions=True)


async def _renew(plan: Plan, agent: Agent, world: World, holder: str) -> None:
    """Renew the lease again and again; one that can't be now may be the next time."""
    record = sealed(record_of(plan, world), world.access)
    told = False
    while True:
        try:
            held = await agent.hold(holder, record=record)
        except DockletError:
            held = True
        if not held and not told:
            told = True
            world.tell(Noticed(at=world.clock.now(), message=_TAKEN))
        await world.clock.sleep(RENEWAL)


def record_of(plan: Plan, world: World, begun: str = "") -> RunRecord:
    """Return the record of a run as far as it is known now."""
    progress = world.record.progress
    return RunRecord(
        plan=plan,
        started=progress.started or world.clock.now(),
        digest=progress.digest,
        begun=begun,
        there=None if plan.existing is None else plan.existing.droplet_id,
    )


def sealed(record: RunRecord, access: Access) -> dict[str, object]:
    """Return a record as it lies on the droplet: from then on it is in strangers' hands."""
    run = record.plan.identity.key
    text = encode(replace(record, hidden=access.hide(run, values_of(record))))
    return {"body": text, "seal": access.seal(run, text)}


def unsealed(
    raw: Mapping[str, object], run: RunKey, access: Access, there: int | None = None
) -> RunRecord:
    """Return the record of `run` with its variables; raise `AgentError` for one that is not ours.

    The values are there to be looked for in results, so that none of them is published. `there` is
    the droplet it was found on, if that is not the run's own: no other machine's counts.
    """
    text, seal = str(raw.get("body", "")), str(raw.get("seal", ""))
    if not hmac.compare_digest(access.seal(run, text).encode(), seal.encode()):
        raise AgentError(_FORGED, kind="record")
    try:
        record = decode(text)
    except ValueError as error:
        message = f"The droplet's record is another version's. {error}"
        raise AgentError(message, kind="record") from error
    if record.plan.identity.key != run or record.there != there:
        raise AgentError(_FORGED, kind="record")
    return with_values(record, access.unhide(run, record.hidden))


_TAKEN: Final = (
    "Another process has taken up this run, since no sign of life of this one had reached the"
    " droplet for too long. Both may finish it; the results are pushed once."
)
_FORGED: Final = (
    "The record on the droplet was not written by docklet with this DigitalOcean token, so nothing"
    " in it is used. Either the token was changed since, or the script has got out of its"
    " container."
)
