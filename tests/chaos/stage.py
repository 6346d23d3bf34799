"""The world in which a schedule is played: an account with others in it, and a day's troubles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docklet.domain.identity import RunKey
from tests.fakes import FakeAccess, FakeCloud, FakeShell
from tests.machines import FakeMachine
from tests.worlds import FakeWorld

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from docklet.domain.keys import LoginKeys
    from docklet.domain.plan import Plan
    from docklet.ports import Droplet, DropletRequest
    from tests.chaos.schedule import Schedule
    from tests.fakes.git import FakeRepository

RESULT: Final = "inst/examples/example.md"
MADE: Final = b"# Results\n"
"""What the script makes of `RESULT`."""
RENTED: Final = 1000
"""Ids of droplets that were there before the run are smaller."""
LIVE: Final = RunKey("feedfeedfeedfeedfeed")
"""The key of another run, which is still going on."""
LATE: Final = RunKey("deaddeaddeaddeaddead")
"""The key of a run whose process died long ago."""


def interfere(rival: str, repository: FakeRepository) -> None:
    """Do to the branch what somebody else does."""
    match rival:
        case "other":
            repository.write({"other.txt": b"theirs"})
        case "same":
            repository.write({RESULT: b"theirs"})
        case "delete":
            repository.branches.pop("main", None)
        case _:
            pass


class ChaosCloud(FakeCloud):
    """A cloud that knows which order is on its way, and how many droplets a run had at once."""

    underway: DropletRequest | None = None
    most = 0
    """Droplets that were rented at the same time."""

    async def create(self, request: DropletRequest) -> Droplet:
        """Make a droplet; whoever asked may be dead by then."""
        self.underway = request
        try:
            return await super().create(request)
        finally:
            self.underway = None
            self.most = max(self.most, sum(each > RENTED for each in self.live))

    async def catch_up(self) -> None:
        """Make the droplet whose order was on its way when its sender died."""
        if self.underway is not None:
            self.slow = {}
            self._failures.clear()
            await super().create(self.underway)


class ChaosAccess(FakeAccess):
    """Ways to several machines, by address."""

    others: Mapping[str, FakeMachine]

    def shell(self, address: str, keys: LoginKeys) -> FakeShell:
        """Return a shell on the machine at an address, the run's own unless it is another's."""
        self.addresses.append(address)
        self.shells.append(FakeShell(self.others.get(address, self.machine), keys))
        return self.shells[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A world, a plan, and the droplets that are none of the run's business."""

    schedule: Schedule
    world: FakeWorld
    cloud: ChaosCloud
    plan: Plan
    foreign: tuple[Droplet, ...]
    """Droplets that docklet did not make, or can't be sure to have made."""
    live: Droplet
    """The droplet of another run that goes on."""
    late: Droplet
    """A droplet of ours that is past its deadline from the start."""

    @property
    def quiet_machine(self) -> bool:
        """Whether the droplet stays, answers, and does what it is told."""
        return self.schedule.quiet_machine

    @property
    def failing(self) -> int:
        """How many requests to the cloud fail."""
        return sum(each.times for each in self.schedule.cloud) + self.schedule.deaf

    @property
    def talks(self) -> bool:
        """Whether the forge takes comments without trouble."""
        # A conversation that is locked from the start leaves the commit.
        return not (self.schedule.forge or self.schedule.lock_at)

    @property
    def is_calm(self) -> bool:
        """Whether neither the cloud nor the droplet makes trouble, or is slow."""
        day = self.schedule
        return not (day.cloud or day.cloud_slow or day.deaf) and day.is_smooth

    @property
    def directory(self) -> Path:
        """Where the run leaves its files."""
        return self.world.directory

    @property
    def ours(self) -> tuple[int, ...]:
        """The run's droplets that are there now."""
        rented = [each for each in self.cloud.live.values() if each.droplet_id > RENTED]
        return tuple(each.droplet_id for each in rented if each.name == self.plan.identity.name)

    @property
    def last_deleted(self) -> float | None:
        """When the last of the run's droplets was deleted."""
        times = (at for each, at in self.cloud.deleted.items() if each > RENTED)
        return max(times, default=None)

    @property
    def starts(self) -> tuple[float, ...]:
        """When the script was started."""
        return self.world.machine.began

    @property
    def most(self) -> int:
        """The most droplets that the run had at the same time."""
        return self.cloud.most

    @property
    def live_is_left(self) -> bool:
        """Whether the droplet of another run, which goes on, is still there."""
        return self.live.droplet_id in self.cloud.live

    @property
    def late_deleted(self) -> float | None:
        """When the droplet that was past its deadline from the start was deleted."""
        return self.cloud.deleted.get(self.late.droplet_id)

    @property
    def foreign_touched(self) -> bool:
        """Whether a droplet that is not ours was deleted, changed or spoken to."""
        spoken = {each.address for each in self.foreign} & set(self.world.access.addresses)
        return bool(spoken) or any(
            self.cloud.live.get(each.droplet_id) != each for each in self.foreign
        )

    @property
    def comments(self) -> list[str]:
        """The comments that are there."""
        return list(self.world.forge.comments.values())

    @property
    def violations(self) -> list[str]:
        """Nothing: the fakes take what they get."""
        return []

    @property
    def pushed(self) -> bool:
        """Whether a branch has what the script made."""
        repository = self.world.repository
        return any(repository.show(RESULT, branch) == MADE for branch in repository.branches)

    def vanish(self) -> None:
        """Delete the run's droplets, as somebody else would."""
        for droplet_id in [each for each in self.cloud.live if each > RENTED]:
            del self.cloud.live[droplet_id]
            self.world.machine.silences.append((self.world.clock.now(), float("inf")))

    def lock(self) -> None:
        """Lock the conversation that the run is reported in."""
        self.world.forge.locked.add(self.schedule.issue)

    def interfere(self) -> None:
        """Let somebody else do to the branch what the day has in store."""
        if not self.pushed:
            interfere(self.schedule.rival, self.world.repository)
