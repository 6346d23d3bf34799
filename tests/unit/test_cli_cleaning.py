"""What `rm`, `reap` and `plan` delete, and what they never touch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from docklet.domain.errors import CloudError, InvalidInputs
from docklet.domain.firewall import TAG
from docklet.domain.identity import RunKey
from docklet.domain.outcome import Reason, exit_code_of
from docklet.entrypoints.commands.reap import Notices, look, reap
from docklet.entrypoints.commands.rm import remove
from docklet.pipeline.prepare import preview
from docklet.pipeline.reap import FEW
from docklet.pipeline.world import Record, Site
from tests.builders import KEY, START, make_droplet, make_spec, make_trigger
from tests.desks import desk_in
from tests.fakes import FakeClock, FakeCloud, FakeForge
from tests.worlds import make_world

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.ports import Droplet
    from tests.worlds import FakeWorld

PAST = int(START) - 1
LATER = int(START) + 600
LIVE = make_droplet(droplet_id=1, key=RunKey("a" * 20))
KEPT = make_droplet(droplet_id=2, key=RunKey("b" * 20), kept_until=LATER)
LOST = make_droplet(droplet_id=3, key=RunKey("c" * 20), deadline=PAST)
OVER = make_droplet(droplet_id=4, key=RunKey("d" * 20), kept_until=PAST, status="off")
FOREIGN = make_droplet(droplet_id=5, name="web-1", tags=("web",))
ALL = (LIVE, KEPT, LOST, OVER, FOREIGN)


def site_with(*droplets: Droplet) -> tuple[Site, FakeCloud]:
    """Return an account with these droplets."""
    clock = FakeClock(START)
    cloud = FakeCloud(clock)
    for droplet in droplets:
        cloud.add(droplet)
    site = Site(cloud=cloud, clock=clock, record=Record(), observers=(Notices(),))
    return site, cloud


@pytest.mark.parametrize("word", ["bbbb", "cccc", "dddd"])
async def test_rm(word: str) -> None:
    """A kept or expired droplet goes at once, with its tags."""
    site, cloud = site_with(*ALL)
    gone = await remove(word, site, force=False)
    assert set(cloud.deleted) == {gone.droplet_id}
    assert not any(gone.identity.key in tag for tag in cloud.tags)


async def test_rm_of_a_live_run() -> None:
    """A droplet that a run has stays, unless it is forced."""
    site, cloud = site_with(*ALL)
    with pytest.raises(InvalidInputs, match="--force"):
        await remove("aaaa", site, force=False)
    assert cloud.deleted == {}
    await remove("aaaa", site, force=True)
    assert set(cloud.deleted) == {1}


async def test_rm_of_a_foreign_droplet() -> None:
    """What docklet did not make can't be named at all."""
    site, cloud = site_with(*ALL)
    for word in ("5", "web-1"):
        with pytest.raises(InvalidInputs, match="RUN"):
            await remove(word, site, force=True)
    assert cloud.deleted == {}


def world_with(folder: Path, *droplets: Droplet) -> FakeWorld:
    """Return a world in which these droplets are."""
    made = make_world(folder)
    for droplet in droplets:
        made.cloud.add(droplet)
    return replace(made, observers=(Notices(),))


async def test_reap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only droplets of ours past their time go, all are told of, and so is the money."""
    world = world_with(tmp_path, *ALL)
    assert await reap(desk_in(world)) == 0
    assert set(world.cloud.deleted) == {3, 4}
    *told, money = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0][:10] for line in told] == [key * 10 for key in "abcd"]
    assert told[2].startswith("cccccccccc of octo/template: droplet 3 ")
    assert told[2].endswith(": deleted; it is past its time.")
    assert told[1].endswith(": left; it is kept on purpose.")
    assert money == "That stops $0.07142 an hour."


async def test_dry_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run tells the same and deletes nothing."""
    world = world_with(tmp_path, *ALL)
    assert await look(desk_in(world)) == 0
    assert world.cloud.deleted == {}
    assert set(world.cloud.calls) == {"droplets", "gpu_droplets"}
    assert capsys.readouterr().out.count("would be deleted") == 2


async def test_nothing_to_reap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is past its time, nothing happens."""
    world = world_with(tmp_path, KEPT, FOREIGN)
    assert await reap(desk_in(world)) == 0
    assert world.cloud.deleted == {}
    assert "That stops" not in capsys.readouterr().out


async def test_reap_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A droplet that can't be deleted is told, others go, and the exit code says so."""
    world = world_with(tmp_path, LOST, OVER)
    world.cloud.fail("delete", CloudError("It is refused.", reason=Reason.CLOUD_DENIED))
    assert await reap(desk_in(world)) == exit_code_of(Reason.NOT_DELETED)
    printed = capsys.readouterr()
    (left,) = world.cloud.live
    assert f"It is refused. Droplet {left} could not be verified as deleted" in printed.err
    assert "That stops $0.03571 an hour." in printed.out


async def test_reap_would_empty_an_account(tmp_path: Path) -> None:
    """More than half of an account is too much at once, unless somebody insists."""
    lost = [
        make_droplet(droplet_id=100 + number, key=RunKey(f"{number:020x}"), deadline=PAST)
        for number in range(FEW + 1)
    ]
    world = world_with(tmp_path, *lost, FOREIGN)
    with pytest.raises(CloudError, match="more than half"):
        await reap(desk_in(world))
    assert world.cloud.deleted == {}
    assert await reap(desk_in(world), force=True) == 0
    assert list(world.cloud.live.values()) == [FOREIGN]


async def test_reap_drops_old_tags(tmp_path: Path) -> None:
    """Tags of ours go that nothing can have any more; foreign and young ones stay."""
    world = world_with(tmp_path)
    young, *foreign = LIVE.tags[0], "web", TAG
    world.cloud.tags |= {LOST.tags[0], OVER.tags[1], young, *foreign}
    assert await reap(desk_in(world)) == 0
    assert world.cloud.tags == {young, *foreign}


async def test_plan_changes_nothing() -> None:
    """A plan asks and deletes nothing; what a run would reap first does not count as there."""
    _, cloud = site_with(LIVE, LOST)
    cloud.limit = 2
    plan = await preview(
        make_spec(), make_trigger(), KEY, cloud=cloud, forge=FakeForge(), now=START
    )
    assert plan.identity.key == KEY
    assert cloud.deleted == {}
    assert sorted(cloud.calls) == [
        "application_images",
        "droplet_limit",
        "droplets",
        "firewalls",
        "gpu_droplets",
        "sizes",
    ]


async def test_plan_without_room() -> None:
    """A plan that no droplet is left for is refused like the run."""
    _, cloud = site_with(LIVE, KEPT)
    cloud.limit = 2
    with pytest.raises(InvalidInputs) as caught:
        await preview(make_spec(), make_trigger(), KEY, cloud=cloud, forge=FakeForge(), now=START)
    assert caught.value.reason is Reason.QUOTA
