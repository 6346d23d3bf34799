"""Droplets are deleted until the cloud says so, and nobody else's is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.errors import CloudError
from docklet.domain.events import DropletGone
from docklet.domain.identity import RunKey
from docklet.domain.outcome import Reason
from docklet.pipeline.remove import PATIENCE, remove
from tests.builders import START, make_droplet, make_identity
from tests.worlds import FakeWorld, make_world

if TYPE_CHECKING:
    from pathlib import Path

OURS = make_identity()
DOWN = CloudError("The cloud is down.")
DENIED = CloudError("The token may not.", reason=Reason.CLOUD_DENIED)


def rented(folder: Path, *ids: int, **cloud: Any) -> FakeWorld:  # noqa: ANN401
    """Return a world with droplets of one run."""
    world = make_world(folder, **cloud)
    for number in ids:
        world.cloud.add(make_droplet(droplet_id=number))
    return world


@pytest.mark.parametrize(
    "cloud",
    [{}, {"pending": 30}, {"pending": PATIENCE - 10}, {"list_lag": 20}],
    ids=str,
)
async def test_removed(tmp_path: Path, cloud: dict[str, float]) -> None:
    """A deletion that is not possible yet is asked for again, until no list has the droplet."""
    world = rented(tmp_path, 7, **cloud)
    assert await remove(OURS, [7], world) == (7,)
    assert not world.cloud.live
    assert not world.cloud.run_tags
    assert world.seen.events == [DropletGone(at=world.cloud.deleted[7], droplet_id=7)]


@pytest.mark.parametrize("ids", [(), (7,), (7, 8)])
async def test_all_of_the_run(tmp_path: Path, ids: tuple[int, ...]) -> None:
    """What carries the run's tag goes too, known or not."""
    world = rented(tmp_path, 7, 8)
    assert await remove(OURS, ids, world) == (7, 8)
    assert not world.cloud.live


async def test_gone_at_once(tmp_path: Path) -> None:
    """A droplet that somebody deleted already takes one request."""
    world = rented(tmp_path)
    assert await remove(OURS, [7], world) == (7,)
    assert world.cloud.calls == ["delete", "droplets", "delete_tag"]


async def test_nobody_elses(tmp_path: Path) -> None:
    """Other runs' droplets stay, and so does everything that is not ours."""
    world = rented(tmp_path, 7)
    world.cloud.add(make_droplet(droplet_id=8, key=RunKey("f" * 20)))
    world.cloud.add(make_droplet(droplet_id=9, name="web", tags=("docklet", "prod")))
    await remove(OURS, [7], world)
    assert set(world.cloud.live) == {8, 9}


async def test_gpu_droplets_are_listed_apart(tmp_path: Path) -> None:
    """A GPU droplet that nobody knew of is found in the list of its own."""
    world = make_world(tmp_path)
    world.cloud.add(make_droplet(droplet_id=7, size="gpu-h100x1-80gb"))
    assert await remove(OURS, (), world, gpu=True) == (7,)


@pytest.mark.parametrize("method", ["delete", "droplet", "droplets"])
@pytest.mark.parametrize("commit", [False, True])
async def test_cloud_is_down_for_a_while(tmp_path: Path, method: str, *, commit: bool) -> None:
    """Failures of the API are waited out, whatever it was asked and whether it obeyed."""
    world = rented(tmp_path, 7)
    world.cloud.fail(method, DOWN, times=5, commit=commit)
    assert await remove(OURS, [7], world) == (7,)
    assert not world.cloud.live


async def test_deletion_is_ignored(tmp_path: Path) -> None:
    """A deletion that was accepted and forgotten is asked for again."""
    world = rented(tmp_path, 7)
    world.cloud.deaf = 3
    assert await remove(OURS, [7], world) == (7,)
    assert world.cloud.calls.count("delete") == 4
    assert not world.cloud.live


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("delete", r"down\. Droplet 7 .*cost money.*`docklet rm 7`"),
        ("droplet", r"down\. Droplet 7 .*cost money.*`docklet rm 7`"),
        ("droplets", r"down\. A droplet may be left .*cost money.*`docklet ls`"),
    ],
)
async def test_gives_up_in_time(tmp_path: Path, method: str, told: str) -> None:
    """What can't be verified is said with its id, its danger and the remedy."""
    world = rented(tmp_path, 7)
    world.cloud.deaf = 999 if method == "droplet" else 0
    world.cloud.fail(method, DOWN, times=999)
    with pytest.raises(CloudError, match=told) as caught:
        await remove(OURS, [7], world, patience=60)
    assert caught.value.reason is Reason.NOT_DELETED
    assert START + 60 <= world.clock.now() <= START + 61
    assert OURS.tag in world.cloud.tags


async def test_one_does_not_hold_up_the_others(tmp_path: Path) -> None:
    """When one droplet can't be deleted, the run's others are, and only it is named."""
    world = rented(tmp_path, 8, 9, pending=100)
    world.cloud.add(make_droplet(droplet_id=7, created=START + 10_000))
    with pytest.raises(CloudError, match="Droplet 7 could"):
        await remove(OURS, [7, 8], world)
    assert set(world.cloud.live) == {7}


async def test_denied(tmp_path: Path) -> None:
    """A token that may not delete is told at once, with what stays behind."""
    world = rented(tmp_path, 7)
    world.cloud.fail("delete", DENIED, times=99)
    with pytest.raises(CloudError, match=r"may not\. .*Droplet 7 ") as caught:
        await remove(OURS, [7], world)
    assert caught.value.reason is Reason.NOT_DELETED
    assert world.clock.now() == START


@pytest.mark.parametrize("error", [DOWN, DENIED])
async def test_left_tag_is_a_notice(tmp_path: Path, error: CloudError) -> None:
    """A tag costs nothing, so one that stays does not say that a droplet does."""
    world = rented(tmp_path, 7)
    world.cloud.fail("delete_tag", error)
    assert await remove(OURS, [7], world) == (7,)
    assert error.message in world.seen.notices


async def test_tag_goes_last(tmp_path: Path) -> None:
    """While a droplet is there, so is the tag to find it by."""
    world = rented(tmp_path, 7, pending=10_000)
    with pytest.raises(CloudError):
        await remove(OURS, [7], world)
    assert "delete_tag" not in world.cloud.calls
