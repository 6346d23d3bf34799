"""What came of a schedule, on whatever ground it was played."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from docklet.domain.events import DropletGone, DropletKept, Phase, PhaseEnded
from tests.builders import START

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.domain.outcome import Outcome
    from tests.chaos.schedule import Schedule
    from tests.worlds import Seen

SWEEP: Final = 1800.0
"""Seconds between two scheduled sweeps."""
SWEEPS: Final = "sweeps"
"""Directory of the machine that sweeps, which is another one than the run's."""


class Scene(Protocol):
    """A ground with a run on it, as a judge sees it."""

    @property
    def schedule(self) -> Schedule:
        """What the day brings."""

    @property
    def quiet_machine(self) -> bool:
        """Whether the droplet stays, answers, and does what it is told."""

    @property
    def failing(self) -> int:
        """How many requests to the cloud fail."""

    @property
    def talks(self) -> bool:
        """Whether the forge takes comments without trouble."""

    @property
    def is_calm(self) -> bool:
        """Whether neither the cloud nor the droplet makes trouble, or is slow."""

    @property
    def directory(self) -> Path:
        """Where the run leaves its files."""

    @property
    def ours(self) -> tuple[int, ...]:
        """The run's droplets that are there now."""

    @property
    def last_deleted(self) -> float | None:
        """When the last of the run's droplets was deleted."""

    @property
    def starts(self) -> tuple[float, ...]:
        """When the script was started."""

    @property
    def most(self) -> int:
        """The most droplets that the run had at the same time."""

    @property
    def live_is_left(self) -> bool:
        """Whether the droplet of another run, which goes on, is still there."""

    @property
    def late_deleted(self) -> float | None:
        """When the droplet that was past its deadline from the start was deleted."""

    @property
    def foreign_touched(self) -> bool:
        """Whether a droplet that is not ours was deleted, changed or spoken to."""

    @property
    def pushed(self) -> bool:
        """Whether a branch has what the script made."""

    @property
    def comments(self) -> list[str]:
        """The comments that are there."""

    @property
    def violations(self) -> list[str]:
        """What was sent that no correct client sends."""


class Setting(StrEnum):
    """What the time that it takes to clean up depends on."""

    HEALTHY = "healthy"
    FAULTY = "with faults of the API or the droplet"
    POST_STEP = "killed, then a post step"
    KILLED = "killed, then a sweep"


@dataclass(slots=True, kw_only=True)
class Story:
    """What came of a schedule."""

    scene: Scene
    outcome: Outcome | None = None
    """How the run ended; None when it was killed."""
    left: tuple[int, ...] = ()
    """The run's droplets that were there when its process had ended."""
    clean: float | None = None
    """Seconds from the work's end, or the first request to stop, to the verified deletion."""
    ended_at: float = 0.0
    """When the run's process ended, or died."""
    log: list[str] = field(default_factory=list)
    """What people were told."""

    @property
    def setting(self) -> Setting:
        """Under what circumstances was cleaned up."""
        if self.outcome is None:
            return Setting.POST_STEP if self.scene.schedule.post_step else Setting.KILLED
        return Setting.HEALTHY if self.scene.is_calm else Setting.FAULTY

    def end(self, seen: Seen) -> None:
        """Take down what was seen, and how long the run's droplets outlived their work."""
        deleted = self.scene.last_deleted
        if deleted is not None and not self.scene.ours and not seen.of(DropletKept):
            verified = [event.at for event in seen.of(DropletGone) if event.at >= deleted]
            self.clean = self._since_the_end(seen, min(verified, default=deleted))
        self.log = [type(event).__name__ for event in seen.events]

    def _since_the_end(self, seen: Seen, gone: float) -> float | None:
        """Return the seconds from the end of the work, however it came, to the droplet's."""
        day = self.scene.schedule
        ended = [event.at for event in seen.of(PhaseEnded) if event.phase is Phase.RUN]
        killed = [self.ended_at] if self.outcome is None else []
        stopped = [START + second for second in day.stops[:1] if START + second <= self.ended_at]
        begins = [*ended, *stopped, *killed]
        return max(0.0, gone - min(begins)) if begins else None
