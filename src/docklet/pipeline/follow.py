"""Copy a script's log from the droplet as it grows, by byte offset, across lost connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import (
    AgentError,
    CloudError,
    HostKeyMismatch,
    Unreachable,
)
from docklet.domain.events import LogArrived, Noticed
from docklet.domain.identity import identity_of
from docklet.domain.outcome import Reason
from docklet.pipeline.world import finishes
from docklet.render.units import amount, duration

if TYPE_CHECKING:
    from docklet.domain.identity import Identity
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.saved_log import SavedLog
    from docklet.pipeline.world import World

RECONNECT: Final = 2.0
"""Seconds between attempts to take up a lost connection."""
LOOK_AFTER: Final = 60.0
"""Seconds without a connection after which the cloud is asked whether the droplet exists."""
SILENCE: Final = 300.0
"""Seconds behind the deadline for which a silent cloud is asked whether there is more time."""
FAILURES: Final = 5
"""Attempts in a row that may fail over there before the script's ending is asked for."""
ABANDONED: Final = "exit-3"
"""What following ends with when the supervisor died without an ending."""


class Follower:
    """Copies one log to one file."""

    def __init__(self, agent: Agent, world: World, sink: SavedLog, *, run: Identity) -> None:
        """Follow the log of `agent`, which works for `run`, into `sink`."""
        self._agent = agent
        self._world = world
        self._sink = sink
        self._run = run
        self._more = 0
        self._offset = 0
        self._lost: Unreachable | None = None
        self._look_at = 0.0
        self._failures = 0

    async def follow(self, deadline: float) -> None:
        """Return when the script has ended and every byte is here; raise at the deadline.

        The droplet keeps the time limit by itself; this is for one that does not. Whether the
        script has got more time meanwhile says the cloud, which no script can make up.
        """
        clock, until = self._world.clock, deadline
        task = asyncio.ensure_future(self._until_ended())
        try:
            while not await finishes({task}, until - clock.now(), clock):
                heard = await self._check_droplet()
                last = deadline + self._more + (0.0 if heard else SILENCE)
                if until >= last and not task.done():
                    raise self._lost or _overdue()
                until = last if heard else min(until + LOOK_AFTER, last)
            await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _until_ended(self) -> None:
        """Copy, again and again, until the script has ended."""
        while True:
            try:
                return await self._copy()
            except HostKeyMismatch:
                raise
            except AgentError as error:
                self._failures += 1
                if error.kind == ABANDONED or self._failures == FAILURES:
                    return None
            except Unreachable as error:
                await self._note_loss(error)
            await self._world.clock.sleep(RECONNECT)

    async def _copy(self) -> None:
        """Copy until the end of the log or of the connection."""
        async for chunk in self._agent.follow(self._offset):
            self._offset += len(chunk)
            save(chunk, self._sink, self._world)
            self._lost, self._failures = None, 0
            self._world.tell(LogArrived(at=self._world.clock.now(), data=chunk))

    async def _note_loss(self, error: Unreachable) -> None:
        """Tell of a loss once, and look from time to time whether the droplet is still there."""
        now = self._world.clock.now()
        if self._lost is None:
            self._look_at = now + LOOK_AFTER
            told = f"The connection was lost ({error.message}). The script goes on."
            self._world.tell(Noticed(at=now, message=told))
        self._lost = error
        if now >= self._look_at:
            self._look_at = now + LOOK_AFTER
            await self._check_droplet()

    async def _check_droplet(self) -> bool:
        """Learn how much more time the run's own droplet has got; raise when it is gone or off.

        False when the cloud was silent, which says nothing.
        """
        droplet_id = self._world.record.progress.droplet_id
        if droplet_id is None:
            return True
        try:
            found = await self._world.cloud.droplet(droplet_id)
        except CloudError:
            return False
        if found is None:
            raise CloudError(_GONE, reason=Reason.DROPLET_LOST)
        if found.status == "off":
            raise CloudError(_OFF, reason=Reason.DROPLET_LOST)
        identity = identity_of(found.name, found.tags)
        more = 0 if identity is None else identity.deadline - self._run.deadline
        if more > self._more:
            self._more = more
            told = f"The script was given another {duration(more)}."
            self._world.tell(Noticed(at=self._world.clock.now(), message=told))
        return True


def save(chunk: bytes, sink: SavedLog, world: World) -> None:
    """Save a piece of the log; tell once when there is no room for it."""
    if sink.is_cut:
        return
    sink.write(chunk)
    if sink.is_cut:
        told = _CUT.format(size=amount(sink.size))
        world.tell(Noticed(at=world.clock.now(), message=told))


def _overdue() -> AgentError:
    """Return the error for a script that the droplet did not end."""
    return AgentError(_OVERDUE, kind="overdue", reason=Reason.TIMED_OUT)


_CUT: Final = (
    "The log's file ends after {size}, since this machine has no room for more. Nothing else"
    " depends on it."
)
_GONE: Final = "The droplet is gone: somebody deleted it under the script. Run it again."
_OFF: Final = (
    "The droplet was switched off under the script. Somebody did that, or the cloud had to. Run it"
    " again."
)
_OVERDUE: Final = (
    "The script's time was up, and the droplet did not end it. The machine may be overloaded, or"
    " under somebody else's control."
)
