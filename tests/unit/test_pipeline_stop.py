"""A run that is stopped from outside, at any moment: its droplet is deleted, first of all."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.errors import AmbiguousCreate
from docklet.domain.events import Ended, Event
from docklet.domain.identity import RunKey
from docklet.domain.outcome import Published, Reason
from docklet.domain.plan import Existing
from docklet.domain.spec import Keep
from docklet.pipeline.run import run
from docklet.ports import PushAnswer, PushVerdict
from tests.builders import SHA, START, make_plan
from tests.worlds import make_world, run_stopped

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.domain.outcome import Outcome
    from tests.worlds import FakeWorld


class Stopper:
    """Stops a run at the event with a number, and perhaps at all later ones but the last."""

    def __init__(self, number: int, *, insists: bool) -> None:
        self.left = number
        self.insists = insists
        self.task: asyncio.Task[Outcome] | None = None

    def notify(self, event: Event) -> None:
        """Count down, and stop the run."""
        self.left -= 1
        if isinstance(event, Ended) or self.task is None:
            return
        if self.left == 0 or (self.insists and self.left < 0):
            self.task.cancel()


async def stopped_at(number: int, world: FakeWorld, *, insists: bool) -> Outcome:
    """Run, and stop the run at an event."""
    stopper = Stopper(number, insists=insists)
    watched = replace(world, observers=(world.seen, stopper))
    stopper.task = asyncio.ensure_future(run(make_plan(keep=Keep.ALWAYS), watched))
    return await stopper.task


@pytest.mark.parametrize("insists", [False, True])
async def test_stopped_at_each_event(tmp_path: Path, *, insists: bool) -> None:
    """Whenever a run is stopped, once or again and again, its droplet goes and its end is told."""
    whole = make_world(tmp_path)
    await run(make_plan(keep=Keep.ALWAYS), whole)
    for number in range(1, len(whole.seen.events)):
        world = make_world(tmp_path)
        outcome = await stopped_at(number, world, insists=insists)
        done = world.repository.branches["main"] != SHA
        assert outcome.reason is (Reason.DONE if done else Reason.CANCELLED), number
        assert bool(world.cloud.live) == bool(world.record.progress.kept) == done, number
        assert world.seen.of(Ended)[0].outcome == outcome


@pytest.mark.parametrize("second", [0.1, 1, 5, 19, 20, 21, 25, 29])
async def test_stopped_within_a_phase(tmp_path: Path, second: float) -> None:
    """A run that waits for something stops waiting at once."""
    world = make_world(tmp_path)
    world.machine.takes = {"checkout": 5, "pull": 5}
    outcome = await run_stopped(make_plan(), world, second, second + 0.2)
    assert outcome.reason is Reason.CANCELLED
    assert outcome.seconds < second + 1
    assert not world.cloud.live


async def test_stopped_while_the_create_call_is_under_way(tmp_path: Path) -> None:
    """A droplet that comes after the signal is awaited and deleted, though no list shows it."""
    world = make_world(tmp_path, list_lag=30)
    world.cloud.slow["create"] = 2.0
    outcome = await run_stopped(make_plan(), world, 1.0)
    assert outcome.reason is Reason.CANCELLED
    assert len(world.cloud.deleted) == 1
    assert not world.cloud.live


async def test_stopped_while_a_droplet_is_looked_for(tmp_path: Path) -> None:
    """A droplet that may exist is looked for until the time is up, and deleted."""
    world = make_world(tmp_path, list_lag=4)
    world.cloud.fail("create", AmbiguousCreate("It was cut off."), commit=True)
    outcome = await run_stopped(make_plan(), world, 0.5)
    assert outcome.reason is Reason.CANCELLED
    assert not world.cloud.live


async def test_stopped_and_nobody_knows(tmp_path: Path) -> None:
    """When it can't be found out in time whether there is a droplet, that is said loudly."""
    world = make_world(tmp_path)
    world.cloud.slow["create"] = 20.0
    outcome = await run_stopped(make_plan(), world, 1.0)
    assert outcome.reason is Reason.NOT_DELETED
    assert "`docklet ls`" in outcome.message
    assert world.clock.now() < START + 10


@pytest.mark.parametrize("deaf", [{"pending": 10**9}, {"slow": {"delete": 10**6}}], ids=str)
async def test_stopped_while_it_is_deleted(tmp_path: Path, deaf: dict[str, Any]) -> None:
    """A signal that comes while a cloud refuses, or is mute, ends the run before it is killed."""
    world = make_world(tmp_path, pending=deaf.get("pending", 0.0))
    world.cloud.slow = dict(deaf.get("slow", {}))
    outcome = await run_stopped(make_plan(), world, 60.0, 61.0)
    assert "delete!" in world.seen.phases
    assert outcome.reason is Reason.NOT_DELETED
    assert "1001" in outcome.message
    assert world.seen.of(Ended)[0].at <= START + 60 + 6


async def test_stopped_while_it_is_deleted_in_time(tmp_path: Path) -> None:
    """A signal that comes when the work is done does not keep the droplet alive."""
    world = make_world(tmp_path, pending=63)
    outcome = await run_stopped(make_plan(), world, 60.0, 61.0)
    assert outcome.reason is Reason.DONE
    assert not world.cloud.live


async def test_stopped_on_a_droplet_that_stays_and_is_mute(tmp_path: Path) -> None:
    """A machine that does not answer keeps a stopped run no longer than it has."""
    there = Existing(droplet_id=7, address="203.0.113.7", known_by=RunKey("f" * 20), until=2**31)
    world = make_world(tmp_path)
    world.machine.silences = [(START + 5, 10**12)]
    world.machine.lasts = 100
    outcome = await run_stopped(make_plan(existing=there), world, 10.0)
    assert outcome.reason is Reason.CANCELLED
    assert "could not be removed in time" in world.seen.notices
    assert world.seen.of(Ended)[0].at <= START + 10 + 6


async def test_stopped_while_results_are_fetched(tmp_path: Path) -> None:
    """Half an archive is no archive: what was lost with the machine is told as lost."""
    world = make_world(tmp_path, boot=0.5)
    world.machine.takes = {"collect": 30}
    outcome = await run_stopped(make_plan(), world, 11.0)
    assert outcome.reason is Reason.CANCELLED
    assert "collect!" in world.seen.phases
    assert "its results are lost" in outcome.message
    assert outcome.published is None
    assert not list(tmp_path.glob("results*"))  # noqa: ASYNC240 - a test of its own folder


@pytest.mark.parametrize("arrives", [False, True])
async def test_stopped_while_results_are_pushed(tmp_path: Path, *, arrives: bool) -> None:
    """Results that were on their way stay here whole, and nobody says where else they are not."""
    world = make_world(tmp_path, boot=0.5)
    push = world.git.push

    async def slow_push(sha: str, branch: str) -> PushAnswer:
        answer = await push(sha, branch) if arrives else PushAnswer(verdict=PushVerdict.UNKNOWN)
        await world.clock.sleep(30)
        return answer

    world.git.push = slow_push  # type: ignore[method-assign]
    outcome = await run_stopped(make_plan(), world, 11.0)
    assert outcome.reason is Reason.CANCELLED
    assert "push!" in world.seen.phases
    assert "may have its results" in outcome.message
    assert outcome.published == Published(archive=f"{tmp_path.name}/results.tar")
    assert (tmp_path / "results.tar").read_bytes() == world.machine.results
    assert not world.cloud.live


async def test_stopped_before_the_script_ended(tmp_path: Path) -> None:
    """A script that was stopped has no results to speak of."""
    world = make_world(tmp_path)
    outcome = await run_stopped(make_plan(), world, 25.0)
    assert outcome.message == "The run was stopped from outside."
    assert outcome.published is None


async def test_stopped_run_hurries(tmp_path: Path) -> None:
    """A stopped run gives up before its process is killed, and says what is left."""
    world = make_world(tmp_path, pending=10_000)
    outcome = await run_stopped(make_plan(), world, 25.0)
    assert outcome.reason is Reason.NOT_DELETED
    assert outcome.seconds <= 25 + 7.5
    assert "1001" in outcome.message
