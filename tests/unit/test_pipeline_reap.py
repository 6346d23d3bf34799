"""What outlived its deadline goes; what lives, or is not ours, stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.errors import CloudError
from docklet.domain.outcome import Reason
from docklet.pipeline.reap import MOST, discard, expired, reap_expired
from tests.builders import START, make_droplet, make_identity
from tests.worlds import make_world

if TYPE_CHECKING:
    from pathlib import Path

NOW = int(START)
PAST, COMING = NOW - 1, NOW + 1
DENIED = CloudError("The token may not.", reason=Reason.CLOUD_DENIED)


@pytest.mark.parametrize(
    ("droplet", "goes"),
    [
        ({"deadline": PAST}, True),
        ({"deadline": NOW}, False),
        ({"deadline": COMING}, False),
        ({"deadline": PAST, "kept_until": COMING}, False),
        ({"deadline": COMING, "kept_until": PAST}, True),
        ({"deadline": PAST, "status": "off"}, True),
        ({"deadline": PAST, "status": "new"}, True),
        ({"deadline": PAST, "size": "gpu-h100x1-80gb"}, True),
        ({"deadline": PAST, "tags": ()}, False),
        ({"deadline": PAST, "tags": ("docklet",)}, False),
        ({"deadline": PAST, "name": "web-1"}, False),
        ({"deadline": PAST, "name": make_identity().name + "-copy"}, False),
        ({"deadline": PAST, "name": make_identity(key="f" * 20).name}, False),
    ],
    ids=str,
)
async def test_who_goes(tmp_path: Path, droplet: dict[str, Any], *, goes: bool) -> None:
    """A droplet goes when its name and its tag say that it is ours and that its time is over."""
    world = make_world(tmp_path)
    found = make_droplet(**droplet)
    world.cloud.add(found)
    assert await reap_expired([found], world) == ((found,) if goes else ())
    assert bool(world.cloud.live) != goes
    assert not goes or not world.cloud.run_tags


async def test_bounded(tmp_path: Path) -> None:
    """One sweep deletes a few, the oldest ones: a mistake must not empty an account."""
    world = make_world(tmp_path, limit=100)
    for number in range(MOST + 5):
        key = f"{number:020x}"
        world.cloud.add(
            make_droplet(droplet_id=number, key=key, deadline=PAST, created=START - number)
        )
        world.cloud.add(make_droplet(droplet_id=1000 + number, name="web", tags=()))
    gone = await reap_expired(world.cloud.live.values(), world)
    assert len(gone) == MOST
    assert {number for number in world.cloud.live if number < 1000} == set(range(5))


@pytest.mark.parametrize(("expired", "others", "goes"), [(5, 0, 5), (6, 5, 0), (6, 6, 6)])
async def test_most_of_an_account(tmp_path: Path, expired: int, others: int, goes: int) -> None:
    """A clock that is wrong makes everything look old: more than half of many never goes."""
    world = make_world(tmp_path, limit=100)
    for number in range(expired):
        world.cloud.add(make_droplet(droplet_id=number, key=f"{number:020x}", deadline=PAST))
    for number in range(others):
        world.cloud.add(make_droplet(droplet_id=1000 + number, name="web", tags=()))
    gone = await reap_expired(world.cloud.live.values(), world)
    assert len(gone) == goes
    assert ("more than half" in world.seen.notices) == (goes == 0)


async def test_one_failure_stops_nobody(tmp_path: Path) -> None:
    """A droplet that can't be deleted is told, and the next one is seen to."""
    world = make_world(tmp_path)
    for number in (7, 8, 9):
        world.cloud.add(make_droplet(droplet_id=number, key=f"{number:020x}", deadline=PAST))
    world.cloud.fail("delete", DENIED)
    gone = await reap_expired(world.cloud.live.values(), world)
    assert len(gone) == 2
    assert len(world.cloud.live) == 1
    assert "may not" in world.seen.notices


async def test_stuck_droplets_share_the_patience(tmp_path: Path) -> None:
    """A sweep takes no longer with many droplets that can't be deleted than with one."""
    world = make_world(tmp_path, pending=10**9)
    for number in range(10):
        world.cloud.add(make_droplet(droplet_id=number, key=f"{number:020x}", deadline=PAST))
    assert await reap_expired(world.cloud.live.values(), world, patience=30) == ()
    assert world.clock.now() <= START + 31


async def test_two_reapers(tmp_path: Path) -> None:
    """What another one deleted meanwhile counts as gone."""
    world = make_world(tmp_path)
    assert len(await reap_expired([make_droplet(deadline=PAST)], world)) == 1


async def test_kept_tags_go_too(tmp_path: Path) -> None:
    """A kept droplet's second tag is deleted with it; one that stays is a notice."""
    world = make_world(tmp_path)
    found = make_droplet(deadline=PAST, kept_until=PAST)
    world.cloud.add(found)
    ((droplet, identity),) = expired([found], START)
    await discard(droplet, identity, world)
    assert not world.cloud.run_tags
    world.cloud.add(found)
    world.cloud.fail("delete_tag", DENIED, times=2)
    await discard(droplet, identity, world)
    assert not world.cloud.live
