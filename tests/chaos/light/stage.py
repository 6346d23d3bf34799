"""The sandbox with a run's day in it: others' droplets, a script, and what people do meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from docklet.domain.identity import identity_of
from docklet.wiring import Settings
from docklet_sandbox.cloud.droplet import Droplet
from docklet_sandbox.light.machine import LightMachine
from docklet_sandbox.memory_loop import MemoryLoop
from docklet_sandbox.virtual_time import now
from tests.chaos.light.ground import Ground
from tests.chaos.stage import MADE, RESULT, interfere
from tests.worlds import Seen

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.light.weather import Weather
    from tests.chaos.schedule import Schedule

_OTHERS: Final = range(11, 23)
"""Ids of droplets that were there before the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LightStage:
    """A sandbox, docklet's settings for it, and droplets that are none of the run's business."""

    weather: Weather
    ground: Ground
    settings: Settings
    loop: MemoryLoop
    seen: Seen
    foreign: tuple[Droplet, ...]
    """Droplets that docklet did not make, or can't be sure to have made."""
    before: tuple[str, ...]
    """What these looked like."""

    @property
    def schedule(self) -> Schedule:
        """What the day brings."""
        return self.weather.day

    @property
    def quiet_machine(self) -> bool:
        """Whether the droplet stays, answers, and does what it is told."""
        return self.weather.quiet_machine

    @property
    def failing(self) -> int:
        """How many requests to the cloud fail."""
        return sum(each.count for each in self.weather.cloud)

    @property
    def talks(self) -> bool:
        """Whether the forge takes comments without trouble, and in time."""
        # A run that is stopped has 1.5 s for its comment: too little for two slow requests, which
        # it takes to find out that somebody deleted the comment and to make another.
        day, slow = self.weather.day, self.weather.api_delay > 1
        deleted = bool(day.stops) and day.uncomment_at is not None
        return not (self.weather.forge or (slow and deleted))

    @property
    def is_calm(self) -> bool:
        """Whether neither the cloud nor the droplet makes trouble, or is slow."""
        return self.weather.is_calm

    @property
    def directory(self) -> Path:
        """Where the run leaves its files."""
        return self.settings.directory

    @property
    def rented(self) -> list[Droplet]:
        """All droplets that the run ever had."""
        droplets = self.ground.estate.droplets.values()
        return [each for each in droplets if each.id not in _OTHERS]

    @property
    def ours(self) -> tuple[int, ...]:
        """The run's droplets that are there now."""
        return tuple(each.id for each in self.rented if each.deleted is None)

    @property
    def last_deleted(self) -> float | None:
        """When the last of the run's droplets was deleted."""
        times = [each.deleted for each in self.rented if each.deleted is not None]
        return max(times, default=None)

    @property
    def deadline(self) -> float:
        """When the last of the run's droplets is past its time; now where it had none."""
        found = [identity_of(each.name, each.tags) for each in self.rented]
        return max((each.deadline for each in found if each is not None), default=now())

    @property
    def starts(self) -> tuple[float, ...]:
        """When the script was started."""
        return tuple(self.ground.machines.starts)

    @property
    def most(self) -> int:
        """The most droplets that the run had at the same time."""
        lives = [(each.created, each.deleted or float("inf")) for each in self.rented]
        return max((sum(a <= at < b for a, b in lives) for at, _ in lives), default=0)

    @property
    def live_is_left(self) -> bool:
        """Whether the droplet of another run, which goes on, is still there."""
        return self.ground.estate.droplets[21].deleted is None

    @property
    def late_deleted(self) -> float | None:
        """When the droplet that was past its deadline from the start was deleted."""
        return self.ground.estate.droplets[22].deleted

    @property
    def foreign_touched(self) -> bool:
        """Whether a droplet that is not ours was deleted, changed or spoken to."""
        hosts = {host for host, _ in self.loop.asked}
        return any(each.address in hosts for each in self.foreign) or self.before != tuple(
            map(repr, self.foreign)
        )

    @property
    def pushed(self) -> bool:
        """Whether a branch has what the script made."""
        repository = self.ground.repository
        return any(repository.show(RESULT, branch) == MADE for branch in repository.branches)

    @property
    def comments(self) -> list[str]:
        """The comments that are there."""
        return [each.body for each in self.ground.talk.comments.values() if not each.deleted]

    @property
    def violations(self) -> list[str]:
        """What was sent that no correct client sends."""
        return self.ground.journal.violations()

    def each_machine(self) -> list[LightMachine]:
        """Return the machines of the run's droplets."""
        found = [self.ground.machines.machine(each) for each in self.ours]
        return [each for each in found if each is not None]

    def cut(self) -> None:
        """Reset all SSH connections."""
        for machine in self.each_machine():
            machine.cut()

    def separate(self) -> None:
        """Let no packet through."""
        for machine in self.each_machine():
            machine.separate()

    def rejoin(self) -> None:
        """Let packets through again."""
        for machine in self.each_machine():
            machine.rejoin()

    def reboot(self) -> None:
        """Pull the plugs and boot again."""
        for each in self.ours:
            self.ground.estate.behind(self.ground.machines.reboot(each))

    def vanish(self) -> None:
        """Delete the run's droplets, as somebody else would."""
        for each in self.ours:
            self.ground.estate.remove(self.ground.estate.droplets[each])

    def uncomment(self) -> None:
        """Delete the comments, as their readers may."""
        comments = self.ground.talk.comments
        comments.update({key: replace(each, deleted=True) for key, each in comments.items()})

    def interfere(self) -> None:
        """Let somebody else do to the branch what the day has in store."""
        if not self.pushed:
            interfere(self.schedule.rival, self.ground.repository)
