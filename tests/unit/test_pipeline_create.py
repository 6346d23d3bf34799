"""Exactly one droplet is rented, whatever becomes of the answer."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.errors import AmbiguousCreate, CloudError, CreateDeferred
from docklet.domain.firewall import TAG
from docklet.domain.outcome import Reason
from docklet.domain.secret import Secret
from docklet.domain.spec import RegistryLogin
from docklet.pipeline.create import BUSY_LIMIT, SETTLING, Rental, create
from tests.builders import START, make_droplet, make_plan, make_size, make_spec
from tests.worlds import make_world, run_stopped

if TYPE_CHECKING:
    from pathlib import Path

LOST = AmbiguousCreate("The answer was cut off.")
DOWN = CloudError("The cloud is down.")
GPU = {
    "spec": make_spec(size="gpu-h100x1-80gb", regions=("tor1",)),
    "size": make_size(slug="gpu-h100x1-80gb"),
}


async def test_request(tmp_path: Path) -> None:
    """Name and tag are in the request itself, with our keys and no token of anybody's."""
    world, plan, rental = make_world(tmp_path), make_plan(), Rental()
    droplet = await create(plan, rental, world)
    (order,) = world.cloud.orders
    assert (order.name, order.tags) == (plan.identity.name, (plan.identity.tag, TAG))
    assert rental.ids == {droplet.droplet_id}
    assert world.access.keys(plan.identity.key).host_public in order.user_data
    assert plan.spec.image in order.user_data
    assert "canary" not in order.user_data


async def test_private_image_is_not_pulled_early(tmp_path: Path) -> None:
    """The early pull has no login, so a private image is not named to cloud-init."""
    world = make_world(tmp_path)
    login = RegistryLogin(username="ada", password=Secret("canary"))
    spec = make_spec(registry=login, image="ghcr.io/ada/env")
    await create(make_plan(spec=spec), Rental(), world)
    assert "ghcr.io" not in world.cloud.orders[0].user_data


@pytest.mark.parametrize("plan", [{}, GPU], ids=["plain", "gpu"])
@pytest.mark.parametrize(
    ("effects", "lag", "calls"),
    [((True,), 0, 1), ((True,), 120, 1), ((False,), 0, 2), ((False, True), 120, 2)],
)
async def test_lost_answers(
    tmp_path: Path, effects: tuple[bool, ...], lag: float, calls: int, plan: dict[str, Any]
) -> None:
    """A droplet is looked for longer than lists lag, and only then ordered again."""
    world, rental = make_world(tmp_path, list_lag=lag), Rental()
    for effect in effects:
        world.cloud.fail("create", LOST, commit=effect)
    droplet = await create(make_plan(**plan), rental, world)
    assert world.cloud.calls.count("create") == calls
    assert set(world.cloud.live) == {droplet.droplet_id} == rental.ids


async def test_answers_lost_twice(tmp_path: Path) -> None:
    """Two lost orders without a droplet are enough; there is no third one."""
    world = make_world(tmp_path)
    world.cloud.fail("create", LOST, times=9)
    with pytest.raises(AmbiguousCreate):
        await create(make_plan(), Rental(), world)
    assert world.cloud.calls.count("create") == 2


@pytest.mark.parametrize("failing", [99, len(SETTLING)])
async def test_no_second_order_while_one_may_exist(tmp_path: Path, failing: int) -> None:
    """When nobody could look to the end, nothing is ordered again."""
    world = make_world(tmp_path)
    world.cloud.fail("create", LOST, commit=True)
    world.cloud.fail("droplets", DOWN, times=failing)
    with pytest.raises(AmbiguousCreate):
        await create(make_plan(), Rental(), world)
    assert world.cloud.calls.count("create") == 1


async def test_some_failed_looks_do_no_harm(tmp_path: Path) -> None:
    """A look that failed is repeated."""
    world = make_world(tmp_path)
    world.cloud.fail("create", LOST, commit=True)
    world.cloud.fail("droplets", DOWN, times=5)
    droplet = await create(make_plan(), Rental(), world)
    assert set(world.cloud.live) == {droplet.droplet_id}


async def test_oldest_is_adopted(tmp_path: Path) -> None:
    """Of two that turn up, the older one is used, and both are known to be ours."""
    world, rental = make_world(tmp_path, list_lag=160), Rental()
    world.cloud.fail("create", LOST, times=2, commit=True)
    droplet = await create(make_plan(), rental, world)
    assert droplet.droplet_id == min(world.cloud.live)
    await world.clock.sleep(160)
    assert rental.ids == {droplet.droplet_id}


@pytest.mark.parametrize(
    ("regions", "asked", "got"),
    [
        (("nyc3", "fra1"), ["nyc3"], "nyc3"),
        (("ams3", "sfo2", "fra1", "nyc3"), ["ams3", "sfo2", "fra1"], "fra1"),
    ],
)
async def test_regions(
    tmp_path: Path, regions: tuple[str, ...], asked: list[str], got: str
) -> None:
    """Regions are tried in their order until one has room."""
    world = make_world(tmp_path)
    droplet = await create(make_plan(regions=regions), Rental(), world)
    assert [order.region for order in world.cloud.orders] == asked
    assert droplet.region == world.record.progress.region == got
    assert world.seen.notices.count("next region") == len(asked) - 1


@pytest.mark.parametrize(
    ("cloud", "regions", "reason", "orders"),
    [
        ({}, ("ams3", "sfo2"), Reason.UNAVAILABLE, 2),
        ({"limit": 0}, ("nyc3", "fra1"), Reason.QUOTA, 1),
        ({"sizes": ()}, ("nyc3", "fra1"), Reason.CREATE_FAILED, 1),
    ],
)
async def test_refusals(
    tmp_path: Path, cloud: dict[str, Any], regions: tuple[str, ...], reason: Reason, orders: int
) -> None:
    """Only a lack of room leads to the next region."""
    world = make_world(tmp_path, **cloud)
    with pytest.raises(CloudError) as caught:
        await create(make_plan(regions=regions), Rental(), world)
    assert caught.value.reason is reason
    assert len(world.cloud.orders) == orders
    assert world.clock.now() == START


async def test_lost_order_is_settled_before_the_next_region(tmp_path: Path) -> None:
    """An order that was lost in one region is looked for before another region is asked."""
    world = make_world(tmp_path)
    full = CloudError("Sold out.", reason=Reason.UNAVAILABLE)
    world.cloud.fail("create", LOST)
    world.cloud.fail("create", full)
    droplet = await create(make_plan(regions=("nyc3", "fra1")), Rental(), world)
    assert (droplet.region, list(world.cloud.live)) == ("fra1", [droplet.droplet_id])
    assert world.clock.now() >= START + 60


@pytest.mark.parametrize("wait", [0.0, 40.0])
async def test_put_off(tmp_path: Path, wait: float) -> None:
    """A cloud that is too busy is asked again, when it wants to be."""
    world = make_world(tmp_path)
    world.cloud.fail("create", CreateDeferred("Too many.", retry_after=wait), times=3)
    droplet = await create(make_plan(), Rental(), world)
    assert set(world.cloud.live) == {droplet.droplet_id}
    assert world.clock.now() - START >= 3 * wait


@pytest.mark.parametrize(("wait", "most"), [(0.0, BUSY_LIMIT + 60), (BUSY_LIMIT + 1, 0.0)])
async def test_put_off_for_too_long(tmp_path: Path, wait: float, most: float) -> None:
    """The waiting has an end, and does not begin where it would be too long."""
    world, rental = make_world(tmp_path), Rental()
    world.cloud.fail("create", CreateDeferred("Too many.", retry_after=wait), times=99)
    with pytest.raises(CreateDeferred, match="Too many"):
        await create(make_plan(), rental, world)
    assert not rental.unsure
    assert world.clock.now() - START <= most


async def test_stopped_while_put_off(tmp_path: Path) -> None:
    """A run that was stopped while it waited for its turn orders nothing any more."""
    world = make_world(tmp_path)
    world.cloud.fail("create", CreateDeferred("Too many.", retry_after=30.0))
    outcome = await run_stopped(make_plan(), world, 10)
    await world.clock.sleep(600)
    assert outcome.reason is Reason.CANCELLED
    assert world.cloud.calls.count("create") == 1
    assert not world.cloud.live


async def test_refused_after_the_stop(tmp_path: Path) -> None:
    """A create that fails when its run was stopped already leaves no traceback behind."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, it: complaints.append(it))
    world = make_world(tmp_path)
    world.cloud.slow["create"] = 7.0
    world.cloud.fail("create", DOWN)
    outcome = await run_stopped(make_plan(), world, 5)
    await world.clock.sleep(60)
    gc.collect()
    assert outcome.reason is Reason.CANCELLED
    assert complaints == []


async def test_droplet_of_the_same_name(tmp_path: Path) -> None:
    """A droplet that has our name and not our tag is somebody else's."""
    world, plan = make_world(tmp_path), make_plan()
    theirs = make_droplet(tags=("production",))
    world.cloud.add(theirs)
    world.cloud.fail("create", LOST)
    droplet = await create(plan, Rental(), world)
    assert droplet.droplet_id != theirs.droplet_id
    assert theirs.droplet_id in world.cloud.live
