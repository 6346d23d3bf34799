"""A job on this machine does what it does on a droplet, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from docklet.domain.events import Ended
from docklet.domain.outcome import Reason
from docklet.domain.spec import Push
from docklet.pipeline.local import local_plan, run_local
from tests.builders import KEY, SHA, START, make_spec, make_trigger
from tests.machines import refusal
from tests.worlds import FakeWorld, make_world

RESULT = "inst/examples/example.md"


def plan_of(**spec: Any) -> Any:  # noqa: ANN401
    """Return the plan of a run here, which pushes nothing unless asked to."""
    return local_plan(make_spec(**{"push": Push.NONE, **spec}), make_trigger(), KEY, START)


def assert_nothing_left(world: FakeWorld) -> None:
    """Check that the container, the directory and the git directory are gone."""
    assert world.host.machine.cleaned
    assert world.git.closed
    assert not world.cloud.calls
    assert not world.access.shells


async def test_local_run(tmp_path: Path) -> None:
    """Clone, pull, run and collect happen here, and the results stay in an archive."""
    world = make_world(tmp_path)
    outcome = await run_local(plan_of(), world)
    assert outcome.reason is Reason.DONE
    assert outcome.cost is None
    assert world.seen.phases == ["clone", "pull", "run", "collect"]
    assert (tmp_path / "run.log").read_bytes() == world.host.machine.log
    assert (tmp_path / "results.tar").exists()
    assert world.repository.branches == {"main": SHA}
    assert_nothing_left(world)


async def test_local_push(tmp_path: Path) -> None:
    """Results are pushed where that was asked for."""
    world = make_world(tmp_path)
    outcome = await run_local(plan_of(push=Push.BRANCH), world)
    assert outcome.reason is Reason.DONE
    assert world.repository.show(RESULT) == b"# Results\n"


async def test_local_requests(tmp_path: Path) -> None:
    """An image that is only here will do, and no memory is kept back."""
    world = make_world(tmp_path)
    await run_local(plan_of(), world)
    requests = world.host.machine.requests
    assert requests["pull"]["local_ok"] is True
    assert requests["start"]["reserve_memory"] == 0


@pytest.mark.parametrize("failing", ["checkout", "pull", "start", "collect"])
async def test_failures(tmp_path: Path, failing: str) -> None:
    """Whatever fails, nothing is left."""
    world = make_world(tmp_path)
    error = refusal("odd", "It can't be done.")
    if failing == "collect":
        world.host.machine.fail(failing, KeyError("a defect"))
        with pytest.raises(KeyError):
            await run_local(plan_of(), world)
    else:
        world.host.machine.fail(failing, error)
        assert (await run_local(plan_of(), world)).message == "It can't be done."
    assert_nothing_left(world)


async def test_untidy_end(tmp_path: Path) -> None:
    """Traces that can't be removed are told and change nothing."""
    world = make_world(tmp_path)
    world.host.machine.fail("clean", refusal("clean-failed", "Files are left."))
    outcome = await run_local(plan_of(push=Push.BRANCH), world)
    assert outcome.reason is Reason.DONE
    assert outcome.published is not None
    assert "Files are left." in world.seen.notices


@pytest.mark.parametrize("again", [(), (5.5,), (5.5, 6.0)])
@pytest.mark.parametrize("cleaning", [0, 3])
async def test_stopped(tmp_path: Path, cleaning: float, again: tuple[float, ...]) -> None:
    """A stopped run removes the container first, however often it is stopped."""
    world = make_world(tmp_path)
    world.host.machine.lasts = 1000
    world.host.machine.takes["clean"] = cleaning
    task = asyncio.ensure_future(run_local(plan_of(), world))
    for second in (5.0, *again):
        await world.clock.sleep(START + second - world.clock.now())
        task.cancel()
    outcome = await task
    assert outcome.reason is Reason.CANCELLED
    assert outcome.seconds <= 5 + cleaning + 1
    assert world.seen.of(Ended)[0].outcome == outcome
    assert_nothing_left(world)
