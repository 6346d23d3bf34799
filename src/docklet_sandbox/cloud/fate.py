"""What becomes of a droplet after its create call went well: nothing good."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from math import inf
from typing import TYPE_CHECKING, Any

from docklet_sandbox.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet_sandbox.schedule import Schedule


class FateKind(StrEnum):
    """The ways in which a droplet can disappoint."""

    CREATE_FAILS = "create_fails"
    """Its create event ends as errored, and it disappears, unless it `stays`."""
    NEVER_ACTIVE = "never_active"
    """It stays `new`, its event stays under way, and no machine ever boots."""
    ADDRESS_LATE = "address_late"
    """It is active for `after` seconds before it has any address."""
    PRIVATE_FIRST = "private_first"
    """It has its private address at once and the public one `after` seconds later."""
    VANISH = "vanish"
    """It is there, and it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One bad ending, and the droplets that it waits for."""

    kind: FateKind
    after: float = 0.0
    """Seconds from the create call; for addresses, from being active."""
    stays: bool = False
    """Whether a droplet whose create failed stays, as `new`, until somebody deletes it."""
    name: str = "*"
    """A pattern for the droplet's name."""
    skip: int = 0
    """How many matching droplets fare well first."""
    count: int | None = 1
    """How many matching droplets fare like this; None is all."""

    def __post_init__(self) -> None:
        """Refuse what would never happen."""
        if not 0 <= self.after < inf:
            message = f"A fate comes after some seconds, not after {self.after!r}."
            raise ValueError(message)

    def meant_for(self, name: str) -> bool:
        """Say whether it waits for a droplet of this name."""
        return fnmatchcase(name, self.name)

    @property
    def boots(self) -> bool:
        """Whether there will be a machine."""
        return self.kind not in {FateKind.CREATE_FAILS, FateKind.NEVER_ACTIVE}

    @property
    def dooms(self) -> bool:
        """Whether the droplet disappears when the time has come."""
        failed = self.kind is FateKind.CREATE_FAILS and not self.stays
        return failed or self.kind is FateKind.VANISH


class Fates:
    """What becomes of new droplets: a queue first, then a schedule, if there is one."""

    def __init__(self) -> None:
        """Start with nothing queued: all droplets fare well."""
        self._queue = Waiting[Fate]()
        self.schedule: Schedule | None = None

    def add(self, fate: Fate) -> None:
        """Queue a fate behind those that are there."""
        self._queue.add(fate)

    def take(self, name: str) -> Fate | None:
        """Return the fate of a droplet with this name, if any, and use it up once."""
        planned = self.schedule.fate() if self.schedule else None
        return self._queue.take(lambda fate: fate.meant_for(name)) or planned

    def clear(self) -> None:
        """Forget what did not happen yet, and the schedule."""
        self._queue.clear()
        self.schedule = None

    def pending(self) -> list[Fate]:
        """Return the queued fates that still wait for a droplet."""
        return self._queue.pending()


def parse_fate(raw: Mapping[str, Any]) -> Fate:
    """Read a fate from JSON; raise ValueError or TypeError for what does not exist."""
    return Fate(**{**raw, "kind": FateKind(raw["kind"])})
