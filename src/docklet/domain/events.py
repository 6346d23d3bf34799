"""What the pipeline tells the world while a run goes on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from docklet.domain.outcome import Outcome
    from docklet.domain.plan import Plan


class Phase(StrEnum):
    """The parts of a run, in the order in which they begin; clone and pull overlap."""

    CREATE = "create"
    BOOT = "boot"
    CLONE = "clone"
    PULL = "pull"
    RUN = "run"
    COLLECT = "collect"
    PUSH = "push"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened."""

    at: float
    """Epoch seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Event):
    """The inputs made sense and the price is known."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStarted(Event):
    """A phase began."""

    phase: Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseEnded(Event):
    """A phase ended, well or not."""

    phase: Phase
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DropletCreated(Event):
    """The cloud made the droplet."""

    droplet_id: int
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropletReached(Event):
    """The droplet answers at its address with the expected host key."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePulled(Event):
    """The image is there."""

    digest: str
    """`sha256:...`; empty for an image that no registry knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogArrived(Event):
    """The script wrote something: bytes, cut anywhere."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DropletKept(Event):
    """The droplet stays for debugging."""

    droplet_id: int
    address: str
    until: int
    """Epoch second at which it may be deleted."""
    price_hourly: Decimal
    ssh: str
    """Command line that gets in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropletGone(Event):
    """The cloud says 404."""

    droplet_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed(Event):
    """Something that the user should know and that ends nothing."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Event):
    """The run is over."""

    outcome: Outcome
