"""Everything is decided before anything is rented."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.errors import CloudError, DockletError, ForgeGone, InvalidInputs
from docklet.domain.outcome import Reason
from docklet.domain.plan import MARGIN
from docklet.domain.spec import Push
from docklet.pipeline.prepare import SWEEP, prepare, preview
from tests.builders import KEY, SHA, START, make_droplet, make_size, make_spec, make_trigger
from tests.fakes import IMAGES
from tests.fakes.cloud import SIZES
from tests.worlds import make_world

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.domain.plan import Plan
    from tests.worlds import FakeWorld

NOW = int(START)
GPU = {"size": "gpu-h100x1-80gb", "regions": ("tor1",)}


async def prepared(world: FakeWorld, trigger: dict[str, object], **spec: Any) -> Plan:  # noqa: ANN401
    """Prepare a run."""
    return await prepare(make_spec(**spec), make_trigger(**trigger), KEY, world)


async def test_plan(tmp_path: Path) -> None:
    """A plan says what runs, where, until when and where the results go."""
    world = make_world(tmp_path)
    plan = await prepared(world, {}, timeout=600)
    assert (plan.sha, plan.branch, plan.image) == (SHA, "main", "docker-20-04")
    assert plan.identity.deadline == NOW + 600 + MARGIN
    assert (plan.identity.key, plan.identity.slot) == (KEY, "cafe0123")
    assert not plan.install_docker
    assert not {"create", "delete"} & set(world.cloud.calls)


@pytest.mark.parametrize(
    ("spec", "slugs"),
    [
        ({}, ["s-1vcpu-2gb"]),
        ({"regions": ("fra1",)}, []),
        ({"droplet_image": "103"}, []),
        (GPU, []),
    ],
    ids=str,
)
async def test_smaller_sizes_are_remembered(
    tmp_path: Path, spec: dict[str, object], slugs: list[str]
) -> None:
    """The plan knows what might have done as well, where that can be compared at all."""
    world = make_world(tmp_path)
    small = make_size(slug="s-1vcpu-2gb", price_hourly=Decimal("0.01786"))
    gpu = replace(SIZES[1], slug="gpu-small", price_hourly=Decimal(1))
    world.cloud.offered = (*SIZES, replace(small, regions=frozenset({"nyc3"})), gpu)
    plan = await prepared(world, {}, **spec)
    assert [size.slug for size in plan.cheaper] == slugs


async def test_ref(tmp_path: Path) -> None:
    """A ref is pinned to the commit that it means now."""
    world = make_world(tmp_path)
    world.forge.revisions["v1"] = "a" * 40
    assert (await prepared(world, {}, ref="v1")).sha == "a" * 40


@pytest.mark.parametrize(
    ("images", "spec", "boot", "install"),
    [
        (IMAGES, {}, "docker-20-04", False),
        (IMAGES, GPU, "gpu-h100x1-base", False),
        ((), {}, "ubuntu-24-04-x64", True),
        (IMAGES, {"droplet_image": "ubuntu-24-04-x64"}, "ubuntu-24-04-x64", False),
        (IMAGES, {"droplet_image": "103"}, "ubuntu-24-04-x64", False),
    ],
)
async def test_boot_image(
    tmp_path: Path, images: tuple[Any, ...], spec: dict[str, Any], boot: str, *, install: bool
) -> None:
    """The newest Docker image is booted, or what was named; plain Ubuntu gets Docker."""
    plan = await prepared(make_world(tmp_path, images=images), {}, **spec)
    assert (plan.image, plan.install_docker) == (boot, install)


@pytest.mark.parametrize(
    ("trigger", "spec", "reason"),
    [
        ({}, {"size": "s-99vcpu"}, Reason.INVALID_INPUT),
        ({}, {"regions": ("ams3",)}, Reason.UNAVAILABLE),
        ({}, {"droplet_image": "mine"}, Reason.INVALID_INPUT),
        ({}, {"droplet": "4711"}, Reason.INVALID_INPUT),
        ({}, {"ref": "nowhere"}, Reason.INVALID_INPUT),
        ({"branch": ""}, {}, Reason.INVALID_INPUT),
        ({"branch": ""}, {"push": Push.NONE}, None),
    ],
)
async def test_refusals(
    tmp_path: Path, trigger: dict[str, object], spec: dict[str, Any], reason: Reason | None
) -> None:
    """What can't succeed is refused, and nothing was rented or deleted for it."""
    world = make_world(tmp_path)
    world.cloud.add(make_droplet(deadline=NOW - 1))
    if reason is None:
        await prepared(world, trigger, **spec)
        return
    with pytest.raises(InvalidInputs) as caught:
        await prepared(world, trigger, **spec)
    assert caught.value.reason is reason
    assert not {"create", "delete"} & set(world.cloud.calls)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("sizes", CloudError("Who?", reason=Reason.CLOUD_DENIED)),
        ("gpu_droplets", CloudError("The cloud is down.")),
        ("resolve", ForgeGone("There is no such repository.")),
    ],
)
async def test_trouble(tmp_path: Path, method: str, error: DockletError) -> None:
    """When one of the questions is not answered, its error alone is raised."""
    world = make_world(tmp_path)
    world.cloud.fail(method, error)
    world.forge.failures[method] = [error]
    with pytest.raises(DockletError):
        await prepared(world, {}, ref="v1" if method == "resolve" else "")


@pytest.mark.parametrize(
    ("droplets", "limit", "fits"),
    [
        ([], 1, True),
        ([{}], 1, False),
        ([{"deadline": NOW - 1}], 1, True),
        ([{"deadline": NOW - 1, "kept_until": NOW + 1}], 1, False),
        ([{"name": "web", "tags": ()}], 1, False),
        ([{"size": "gpu-h100x1-80gb"}], 1, False),
        ([{}, {"deadline": NOW - 1}], 2, True),
    ],
    ids=str,
)
async def test_room(
    tmp_path: Path, droplets: list[dict[str, Any]], limit: int, *, fits: bool
) -> None:
    """What outlived its deadline makes room first; then the account has it or not."""
    world = make_world(tmp_path, limit=limit)
    for number, droplet in enumerate(droplets):
        world.cloud.add(make_droplet(droplet_id=number, key=f"{number:020x}", **droplet))
    spec, trigger = make_spec(), make_trigger()
    asked = {"cloud": world.cloud, "forge": world.forge, "now": START}
    for ask in (
        preview(spec, trigger, KEY, **asked),  # type: ignore[arg-type]
        prepare(spec, trigger, KEY, world),
    ):
        with nullcontext() if fits else pytest.raises(InvalidInputs, match="and may have"):
            assert (await ask).sha == SHA


async def test_preview_changes_nothing(tmp_path: Path) -> None:
    """A preview sends no request but those that read."""
    world = make_world(tmp_path)
    world.cloud.add(make_droplet(deadline=NOW - 1))
    asked = {"cloud": world.cloud, "forge": world.forge, "now": START}
    await preview(make_spec(), make_trigger(), KEY, **asked)  # type: ignore[arg-type]
    assert len(world.cloud.live) == 1
    assert set(world.cloud.calls) == {
        *("sizes", "droplet_limit", "droplets", "gpu_droplets", "application_images"),
        "firewalls",
    }


async def test_leftovers_hold_nobody_up(tmp_path: Path) -> None:
    """Droplets of others that can't be deleted delay a run a little and stop it never."""
    world = make_world(tmp_path, pending=10**9)
    for number in range(3):
        world.cloud.add(make_droplet(droplet_id=number, key=f"{number:020x}", deadline=NOW - 1))
    plan = await prepared(world, {})
    assert plan.sha == SHA
    assert world.clock.now() <= START + SWEEP + 1
    assert world.seen.notices.count("could not be verified") == 3
    assert world.record.progress.droplet_gone is None


async def test_leftovers_are_not_ours(tmp_path: Path) -> None:
    """That a droplet of somebody else's run is gone says nothing about this run's."""
    world = make_world(tmp_path)
    world.cloud.add(make_droplet(deadline=NOW - 1))
    await prepared(world, {})
    assert not world.cloud.live
    assert world.record.progress.droplet_gone is None
