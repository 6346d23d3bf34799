"""A run that comes across droplets past their deadline saves what they hold, beside itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.errors import CloudError, InvalidInputs
from docklet.domain.identity import RunKey, identity_of
from docklet.domain.outcome import Reason
from docklet.entrypoints import last_chance as module
from docklet.entrypoints.last_chance import LastChance, Notices
from docklet.pipeline.prepare import SWEEP, prepare
from docklet.render.comment import is_open
from tests.builders import START, make_droplet, make_spec, make_trigger
from tests.desks import desk_in
from tests.unit.test_sweep import comment, left
from tests.worlds import FakeWorld, Seen

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.ports import Droplet

NEXT = RunKey("beef" * 5)
RESULT = "inst/examples/example.md"
OVER = 40_000.0


async def late(folder: Path, moment: str = "shell.follow>") -> tuple[FakeWorld, LastChance]:
    """Return a world with a run that was lost so long ago that its droplet's time is over."""
    world = await left(folder, moment)
    await world.clock.sleep(OVER)
    return world, LastChance(desk_in(world))


async def begun(world: FakeWorld, aside: LastChance) -> None:
    """Prepare another run there."""
    from dataclasses import replace

    await prepare(make_spec(), make_trigger(), NEXT, replace(world, aside=aside))


async def test_results_are_saved_beside_the_run(tmp_path: Path) -> None:
    """The run goes on at once; results, comment and droplet of the lost one are seen to."""
    world, aside = await late(tmp_path)
    world.machine.takes = {"collect": 20}
    before = world.clock.now()
    await begun(world, aside)
    assert world.clock.now() == before
    assert world.cloud.live
    assert await aside.end(60.0) == 1
    assert world.repository.show(RESULT) == b"# Results\n"
    assert not is_open(comment(world))
    assert not world.cloud.live


async def test_nothing_to_save(tmp_path: Path) -> None:
    """A droplet whose script never began, or goes on past its time, is deleted and reported."""
    world, aside = await late(tmp_path, "shell.install>")
    await begun(world, aside)
    assert await aside.end(60.0) == 1
    assert not world.cloud.live
    assert not is_open(comment(world))


@pytest.mark.parametrize("silent", [False, True])
async def test_what_takes_too_long_is_deleted(tmp_path: Path, *, silent: bool) -> None:
    """A droplet past its deadline goes, whatever is still on its way from it."""
    world, aside = await late(tmp_path)
    if silent:
        world.machine.silences = [(0.0, 10**12)]
    world.machine.takes = {"collect": 10**6}
    await begun(world, aside)
    before = world.clock.now()
    assert await aside.end(30.0) == 1
    assert world.clock.now() <= before + 61
    assert not world.cloud.live


@pytest.mark.parametrize("moment", ["shell.install>", "shell.follow>"])
async def test_cloud_that_refuses(tmp_path: Path, moment: str) -> None:
    """A droplet that can't be deleted makes no room, and the run does not end for it."""
    world, aside = await late(tmp_path, moment)
    world.cloud.fail("delete", CloudError("It may not.", reason=Reason.CLOUD_DENIED), times=9)
    await begun(world, aside)
    assert await aside.end(300.0) == 0
    assert world.cloud.live
    assert ("It may not." in world.seen.notices) == (moment == "shell.install>")


async def test_defect_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of docklet's own is said to be one."""

    async def defect(*_arguments: object) -> None:
        raise LookupError

    world, aside = await late(tmp_path)
    monkeypatch.setattr(module, "settle", defect)
    await begun(world, aside)
    assert await aside.end(300.0) == 0
    assert "by a mistake of its own (LookupError)" in world.seen.notices


async def test_stopped_run_waits_for_nothing(tmp_path: Path) -> None:
    """A run that is stopped leaves the rest to the next one who comes by."""
    world, aside = await late(tmp_path)
    world.machine.takes = {"collect": 50}
    await begun(world, aside)
    ending = asyncio.ensure_future(aside.end(30.0))
    await world.clock.sleep(1.0)
    before = world.clock.now()
    aside.abandon()
    assert await ending == 0
    assert world.clock.now() == before
    assert world.cloud.live


async def test_account_without_room_is_worth_a_wait(tmp_path: Path) -> None:
    """Where the run needs the droplet's place, it waits for it, and not for long."""
    world, aside = await late(tmp_path)
    world.cloud.limit = 1
    world.machine.takes = {"collect": 5}
    before = world.clock.now()
    await begun(world, aside)
    assert before + 5 <= world.clock.now() <= before + SWEEP
    assert world.repository.show(RESULT) == b"# Results\n"


async def test_account_without_room(tmp_path: Path) -> None:
    """What is not past its time makes no room."""
    world, aside = await late(tmp_path)
    world.cloud.limit = 1
    world.cloud.add(make_droplet(droplet_id=5, name="web", tags=()))
    with pytest.raises(InvalidInputs):
        await begun(world, aside)


@pytest.mark.parametrize(
    ("droplet", "wanted"),
    [
        ({}, True),
        ({"status": "off"}, False),
        ({"address": ""}, False),
        ({"kept_until": int(START)}, False),
        ({"repository": "octo/other"}, False),
        ({"repository": "Octo/Template"}, True),
    ],
    ids=str,
)
async def test_who_may_have_something(
    tmp_path: Path, droplet: dict[str, Any], *, wanted: bool
) -> None:
    """Only what can be asked, and whose results we may push, is worth a try."""
    world = await left(tmp_path)
    found: Droplet = make_droplet(**{"status": "active", "address": "203.0.113.8", **droplet})
    identity = identity_of(found.name, found.tags)
    assert identity is not None
    assert LastChance(desk_in(world)).wants(found, identity) == wanted


async def test_nothing_of_it_looks_like_the_run(tmp_path: Path) -> None:
    """The run's own observers learn what went wrong, and of no event of another run."""
    (world, aside), seen = await late(tmp_path), Seen()
    await begun(world, aside)
    await aside.end(60.0)
    for event in world.seen.events:
        Notices(seen).notify(event)
    assert seen.events
    assert seen.events == [event for event in seen.events if type(event).__name__ == "Noticed"]
