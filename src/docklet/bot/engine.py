"""What the bot needs of everything that runs scripts; whoever wires it brings one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from docklet.render.listing import Listed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from docklet.domain.extension import Extension
    from docklet.domain.identity import Identity, RunKey
    from docklet.domain.plan import Plan
    from docklet.domain.progress import Progress
    from docklet.domain.secret import Secret
    from docklet.domain.spec import RunSpec
    from docklet.domain.trigger import Trigger
    from docklet.ports import Droplet


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A run that somebody asked for and may have."""

    spec: RunSpec
    trigger: Trigger
    key: RunKey
    secrets: tuple[Secret, ...]
    """What nobody may see of what the script is given."""
    may_push: Callable[[], Awaitable[str]]
    """Say why the results may not go to the branch (any more); nothing when they may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A droplet of this repository, and whose it is."""

    droplet: Droplet
    identity: Identity

    @property
    def key(self) -> RunKey:
        """The run that has it."""
        return self.identity.key

    def listed(self, now: float) -> Listed:
        """Describe it as it is at `now`."""
        found = self.droplet
        return Listed(
            droplet_id=found.droplet_id,
            name=found.name,
            identity=self.identity,
            status=found.status,
            size=found.size,
            region=found.region,
            address=found.address,
            price_hourly=found.price_hourly,
            created=found.created,
            now=now,
        )


class Engine(Protocol):
    """Plans, carries out and steers the runs of one repository."""

    def new_key(self) -> RunKey:
        """Return a key that no run has had."""

    async def preview(self, order: Order) -> Plan:
        """Decide what a run would do; raise `InvalidInputs` when it can't be."""

    async def carry_out(self, order: Order) -> Progress:
        """Do it, from renting to giving back, and return how it went."""

    async def going(self) -> tuple[Going, ...]:
        """Return the repository's droplets that have time left, the newest first."""

    async def stop(self, run: Going, by: str) -> str:
        """End a run's script, or the whole droplet if it has none; say in a sentence which."""

    async def plan_of(self, run: Going) -> Plan:
        """Return what a run that goes on was planned to be; raise when its script has ended."""

    async def keep(self, run: Going) -> str:
        """Have a run's droplet kept when the run has ended; say in a sentence what comes of it."""

    async def keep_until(self, run: Going, until: int) -> None:
        """Keep a droplet that is kept already until another, later, epoch second."""

    async def extend(self, run: Going, more: Extension) -> float:
        """Let a script take longer; return the epoch second until which it may."""

    async def log(self, run: Going, lines: int) -> str:
        """Return the end of a run's log as text without secrets; raise where those are unknown."""
