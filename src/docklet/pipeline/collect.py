"""Fetch the changed files as one archive; it is data, and stays whole until it is pushed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AgentError, HostKeyMismatch, Unreachable
from docklet.domain.events import Phase
from docklet.domain.outcome import Reason
from docklet.pipeline.agent import persist
from docklet.pipeline.room import room_for
from docklet.pipeline.world import finishes
from docklet.render.units import amount

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from docklet.domain.plan import Plan
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.world import World
    from docklet.ports import Clock

LARGEST_FILE: Final = 100 * 1024 * 1024
"""Bytes; GitHub refuses a push with a larger file."""
HEAD_START: Final = 900.0
"""Seconds that the droplet may take longer than results need at the slowest pace."""
PACE: Final = 128 * 1024
"""Bytes a second, far below what any line between a droplet and a runner carries."""
MANIFEST_ROOM: Final = 128 * 1024 * 1024
"""Bytes that the list of what is sent, and of what is not, may take beside the results."""


async def collect(plan: Plan, agent: Agent, world: World, archive: Path) -> None:
    """Write the run's results to `archive`; begins again when the connection breaks.

    The archive is there when it is whole, and not before. It takes no more of this machine's
    disk than `room_for` says; what finds no room is left out by name.
    """
    part = archive.with_suffix(".part")

    async def fetch() -> None:
        part.unlink(missing_ok=True)
        room = room_for(part.parent)
        stream = agent.collect(plan.spec.paths, LARGEST_FILE, room)
        with part.open("wb") as sink:
            async for chunk in paced(stream, world.clock):
                sink.write(chunk)
                if sink.tell() > room + MANIFEST_ROOM:
                    raise AgentError(_FLOOD.format(room=amount(room)), kind="flood")
        part.replace(archive)

    with world.phase(Phase.COLLECT):
        try:
            await persist(fetch, world.clock)
        except HostKeyMismatch:
            raise
        except (AgentError, Unreachable) as error:
            raise _not_collected(_UNREAD, error.message) from error
        except OSError as error:
            raise _not_collected(_UNSAVED, f"It says: {error.strerror}.") from error
        finally:
            part.unlink(missing_ok=True)


async def paced(stream: AsyncIterator[bytes], clock: Clock) -> AsyncIterator[bytes]:
    """Yield what `stream` does; raise `AgentError` for one that would take for ever."""
    until, chunks = clock.now() + HEAD_START, aiter(stream)
    while True:
        coming = asyncio.ensure_future(anext(chunks, None))
        try:
            if not await finishes({coming}, until - clock.now(), clock):
                raise AgentError(_DRIP, kind="drip")
            chunk = await coming
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        if chunk is None:
            return
        until += len(chunk) / PACE
        yield chunk


def _not_collected(what: str, why: str) -> AgentError:
    """Return the error for results that did not come home."""
    return AgentError(f"{what} {why}", kind="collect", reason=Reason.NOT_COLLECTED)


_UNREAD: Final = "The results could not be read from the droplet."
_UNSAVED: Final = "The results could not be saved on this machine."
_DRIP: Final = (
    f"It sent less than {PACE // 1024} KiB a second for more than {HEAD_START / 60:.0f} minutes."
    " It may be overloaded, or under somebody else's control."
)
_FLOOD: Final = (
    "It sent more than {room}, which is all that this machine has room for, and more than it was"
    " asked for. It may be under somebody else's control."
)
