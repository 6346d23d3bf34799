"""What is on the fakes' stage when a day begins."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AmbiguousCreate
from docklet.domain.spec import Keep, Push
from docklet.ports import Completed
from tests.builders import KEY, START, make_droplet, make_plan, make_size
from tests.chaos.stage import LATE, LIVE, ChaosAccess, ChaosCloud, Stage
from tests.machines import FakeMachine
from tests.worlds import FakeWorld, make_world

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.ports import Droplet
    from tests.chaos.schedule import Failure, Schedule

ANSWERS_IN: Final = 0.3
"""Seconds that the cloud takes for an answer on a good day."""
_METHODS: Final = ("create", "delete", "delete_tag", "droplet", "droplets", "gpu_droplets")


class LiveMachine(FakeMachine):
    """The machine of another run, whose process is alive."""

    async def answer(self, verb: str, sent: bytes) -> Completed:
        """Say that the script goes on, and that somebody was here just now."""
        if verb != "look":
            return await super().answer(verb, sent)
        state = {"lease": 5.0, "started": True, "ended": False, "record": None}
        return Completed(exit_code=0, stdout=json.dumps(state).encode(), stderr=b"")


def furnish(schedule: Schedule, folder: Path) -> Stage:
    """Set the stage for a schedule."""
    world = make_world(folder)
    cloud = _cloud(schedule, world)
    access = ChaosAccess(world.machine)
    world = replace(world, cloud=cloud, access=access)
    _machine(schedule, world)
    _forge(schedule, world)
    stage = Stage(
        schedule=schedule,
        world=world,
        cloud=cloud,
        plan=make_plan(push=Push(schedule.push), keep=Keep(schedule.keep), issue=schedule.issue),
        foreign=_foreign(),
        live=_other(21, key=LIVE, deadline=int(START) + 10**6),
        late=_other(22, key=LATE, deadline=int(START) - 1),
    )
    dead = FakeMachine(world.clock)
    dead.silences = [(0.0, float("inf"))]
    access.others = {
        stage.live.address: LiveMachine(world.clock),
        stage.late.address: dead,
        **{each.address: dead for each in stage.foreign},
    }
    for droplet in (*stage.foreign, stage.live, stage.late):
        cloud.add(droplet)
    return stage


def _cloud(schedule: Schedule, world: FakeWorld) -> ChaosCloud:
    """Make the account, with the schedule's troubles."""
    cloud = ChaosCloud(
        world.clock,
        sizes=[make_size()],
        limit=25,
        boot=schedule.boot,
        list_lag=schedule.list_lag,
        pending=schedule.pending,
    )
    cloud.read_lag = schedule.read_lag
    cloud.deaf = schedule.deaf
    cloud.slow = dict.fromkeys(_METHODS, ANSWERS_IN) | dict(schedule.cloud_slow)
    for each in schedule.cloud:
        if isinstance(each.error, Exception):
            lost = each.commit and (each.name != "create" or _is_lost(each))
            cloud.fail(each.name, each.error, times=each.times, commit=lost)
    return cloud


def _is_lost(failure: Failure) -> bool:
    """Tell whether a failed create may have had its effect."""
    return isinstance(failure.error, AmbiguousCreate)


def _machine(schedule: Schedule, world: FakeWorld) -> None:
    """Give the droplet its script and its troubles."""
    machine: FakeMachine = world.machine
    machine.lasts = schedule.lasts
    machine.output = [(0.1, b"Hello\n" * 10), (schedule.lasts, b"Done.\n" * 5)]
    machine.ending = {"kind": "exited", "exit_code": schedule.exit_code}
    machine.takes = dict(schedule.agent_slow)
    machine.cuts = list(schedule.cuts)
    machine.silences = [(START + begin, START + end) for begin, end in schedule.silences]
    machine.abandoned = schedule.abandoned
    if schedule.stranger:
        machine.shown_key = "ssh-ed25519 somebody else"
    for each in schedule.agent:
        machine.fail(each.name, each.error, times=each.times, commit=each.commit)


def _forge(schedule: Schedule, world: FakeWorld) -> None:
    """Give the forge and the repository their troubles."""
    for failures, target in ((schedule.forge, world.forge), (schedule.git, world.git)):
        for each in failures:
            if isinstance(each.error, Exception):
                target.failures.setdefault(each.name, []).extend([each.error] * each.times)
    world.repository.answers = list(schedule.pushes)
    world.repository.lost_answers = schedule.lost_pushes
    world.forge.lost_answers = schedule.lost_comments
    if schedule.lock_at == 0:
        world.forge.locked.add(schedule.issue)


def _other(droplet_id: int, **facts: object) -> Droplet:
    """Return a droplet that is not the run's, at an address of its own."""
    return make_droplet(droplet_id=droplet_id, address=f"198.51.100.{droplet_id}", **facts)


def _foreign() -> tuple[Droplet, ...]:
    """Return droplets that look like ours, each in one way only, and one that does not."""
    ours = _other(11, key=KEY, deadline=int(START) - 1)
    return (
        replace(ours, tags=("production",)),
        replace(ours, droplet_id=12, name="database"),
        replace(ours, droplet_id=13, name="docklet", tags=("docklet",)),
        replace(ours, droplet_id=14, name="web", tags=()),
    )
