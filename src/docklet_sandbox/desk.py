"""Everything that the control API can reach, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from docklet_sandbox.cloud.gate import ESTATE, LIMITS
from docklet_sandbox.faults import Faults
from docklet_sandbox.forge.store import Forge
from docklet_sandbox.journal import Journal
from docklet_sandbox.proxies import Proxies
from docklet_sandbox.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet_sandbox.cloud.estate import Estate
    from docklet_sandbox.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The parts of one sandbox."""

    cloud: web.Application
    journal: Journal
    faults: Faults
    settings: Settings
    start: Mapping[str, Any]
    """The settings that the sandbox was started with, to which a reset returns."""
    forge: Forge
    proxies: Proxies = field(default_factory=Proxies)

    @property
    def estate(self) -> Estate:
        """What the cloud's account owns."""
        return self.cloud[ESTATE]

    @property
    def schedule(self) -> Schedule | None:
        """What goes wrong by seed, if anything does."""
        return self.faults.schedule

    def follow(self, schedule: Schedule | None) -> None:
        """Let requests, droplets and connections go wrong by this schedule, or by none."""
        self.faults.schedule = schedule
        self.estate.fates.schedule = schedule
        self.proxies.schedule = schedule

    async def reset(self) -> None:
        """Make the sandbox as it was when it started."""
        self.faults.clear()
        self.estate.fates.clear()
        self.settings.reset(self.start)
        await self.estate.clear()
        await self.proxies.clear()
        self.cloud[LIMITS].clear()
        self.forge.reset()
        self.journal.clear()


DESK = web.AppKey("desk", Desk)
