"""Fetch the changed files as one archive; it is data, and stays whole until it is pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AgentError, HostKeyMismatch, Unreachable
from docklet.domain.events import Phase
from docklet.domain.outcome import Reason
from docklet.pipeline.agent import persist
from docklet.pipeline.room import room_for
from docklet.render.units import amount

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.domain.plan import Plan
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.world import World

LARGEST_FILE: Final = 100 * 1024 * 1024
"""Bytes; GitHub refuses a push with a larger file."""
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
        with part.open("wb") as sink:
            async for chunk in agent.collect(plan.spec.paths, LARGEST_FILE, room):
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


def _not_collected(what: str, why: str) -> AgentError:
    """Return the error for results that did not come home."""
    return AgentError(f"{what} {why}", kind="collect", reason=Reason.NOT_COLLECTED)


_UNREAD: Final = "The results could not be read from the droplet."
_UNSAVED: Final = "The results could not be saved on this machine."
_FLOOD: Final = (
    "It sent more than {room}, which is all that this machine has room for, and more than it was"
    " asked for. It may be under somebody else's control."
)
