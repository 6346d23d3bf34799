"""A sandbox in the loop that is running, for tests whose time is virtual."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docklet_sandbox.fronted import bare
from docklet_sandbox.ground import SSH_PORT, Kind
from docklet_sandbox.light.machines import LightMachines
from docklet_sandbox.serve import Options, start
from docklet_sandbox.state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from docklet_sandbox.desk import Desk
    from docklet_sandbox.state import Addresses

_FAREWELL = 60.0
"""Virtual seconds for which TLS connections to clients that say no goodbye are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """A sandbox with light droplets, seen from within its process."""

    desk: Desk
    addresses: Addresses

    @property
    def machines(self) -> LightMachines:
        """The droplets' machines."""
        machines = bare(self.desk.estate.machines)
        assert isinstance(machines, LightMachines)  # noqa: S101 - it was asked for
        return machines


@asynccontextmanager
async def inside(
    folder: Path,
    *,
    ssh_port: int = SSH_PORT,
    **settings: Any,  # noqa: ANN401 - as in settings.Settings
) -> AsyncIterator[Inside]:
    """Yield a sandbox that keeps its files in a folder, then take it down."""
    options = Options(
        state=State.at(folder), kind=Kind.LIGHT, ssh_port=ssh_port, settings=settings
    )
    with options.state.claim(options.kind):
        async with AsyncExitStack() as stack:
            desk, addresses = await start(options, stack)
            yield Inside(desk=desk, addresses=addresses)
    await asyncio.sleep(_FAREWELL)
