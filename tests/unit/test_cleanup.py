"""The post step: results first where there are some, the delete in any case, and in time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from docklet.domain.errors import ForgeError
from docklet.domain.spec import Keep
from docklet.entrypoints.cleanup import KEY_STATE, settle
from docklet.render.comment import is_open
from tests.builders import KEY, make_plan
from tests.desks import desk_in
from tests.mortal import Life
from tests.unit.test_crash import lived
from tests.unit.test_sweep import comment, left
from tests.worlds import make_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worlds import FakeWorld

STATE = {f"STATE_{KEY_STATE}": KEY}
BUDGET = 285.0
"""Seconds that all post steps of a cancelled job have together."""


async def settled(world: FakeWorld, **desk: object) -> float:
    """Run the post step and return how long it took."""
    began = world.clock.now()
    await settle(STATE, desk_in(world, **desk))  # type: ignore[arg-type]
    return world.clock.now() - began


async def test_finished_script(tmp_path: Path) -> None:
    """What a killed main step did not push is pushed, at once, though its lease is fresh."""
    world = await left(tmp_path)
    await settled(world)
    assert world.repository.show("inst/examples/example.md") == b"# Results\n"
    assert "✅ **The script succeeded.**" in comment(world)
    assert not world.cloud.live


async def test_keeping_is_honoured(tmp_path: Path) -> None:
    """A droplet that the job wants to keep is kept, and is none of those that are gone."""
    world = await left(tmp_path, keep=Keep.ALWAYS)
    assert await settle(STATE, desk_in(world)) == ()
    assert world.cloud.live
    assert world.repository.show("inst/examples/example.md") == b"# Results\n"
    assert "is kept until" in comment(world)


@pytest.mark.parametrize("moment", ["shell.start>", "shell.pull>", "cloud.create>"])
async def test_script_that_goes_on(tmp_path: Path, moment: str) -> None:
    """A script that has not ended is stopped with its droplet, and the comment says so."""
    world = await left(tmp_path, moment)
    world.machine.lasts = 10_000
    assert await settled(world) < 60
    assert not world.cloud.live
    assert not world.cloud.run_tags
    if world.forge.comments:
        assert "**The run was cancelled.**" in comment(world)


@pytest.mark.parametrize("verb", ["look", "hold", "ending", "collect"])
async def test_droplet_that_hangs(tmp_path: Path, verb: str) -> None:
    """A droplet that answers nothing does not hold the delete up for long."""
    world = await left(tmp_path)
    world.machine.takes = {verb: 10_000}
    assert await settled(world) < BUDGET
    assert not world.cloud.live
    assert not is_open(comment(world))


async def test_cloud_that_hangs(tmp_path: Path) -> None:
    """Everything together stays within the time that there is."""
    world = await left(tmp_path)
    world.machine.takes = {"collect": 10_000}
    world.cloud.pending = 10**9
    began = world.clock.now()
    with pytest.raises(Exception, match="could not be verified as deleted"):
        await settle(STATE, desk_in(world))
    assert world.clock.now() - began < BUDGET


async def test_forge_that_hangs_or_fails(tmp_path: Path) -> None:
    """What can't be reported is told, and the droplet goes all the same."""
    world = await left(tmp_path, "shell.pull>")
    world.forge.failures["find_comment"] = [ForgeError("It is down.")]
    await settled(world)
    assert not world.cloud.live
    assert "could not be reported" in world.seen.notices


async def test_nothing_left_but_an_open_comment(tmp_path: Path) -> None:
    """When the main step died behind its delete, the comment is mended, with the commit."""
    world = await left(tmp_path, "cloud.delete_tag>")
    assert is_open(comment(world))
    await settled(world)
    assert not is_open(comment(world))
    assert "✅ **The script succeeded.**" in comment(world)
    assert world.forge.statuses[-1][1] == "success"


async def test_nothing_left_at_all(tmp_path: Path) -> None:
    """A run that has reported is not reported on again."""
    world = make_world(tmp_path)
    await lived(make_plan(), world, Life())
    before = comment(world)
    await settled(world)
    assert comment(world) == before


async def test_other_jobs_are_left_alone(tmp_path: Path) -> None:
    """Without a token of the forge nothing is asked; another run's droplet is not touched."""
    world = await left(tmp_path)
    await settle({f"STATE_{KEY_STATE}": "f" * 20}, desk_in(world))
    assert world.cloud.live
    await settled(world, repository="")
    assert not world.cloud.live
    assert "look" not in world.machine.calls
    await asyncio.sleep(0)
