"""What every `Cloud` does alike: the fake in memory, and the real adapter at the light sandbox.

`tests/acceptance/test_heavy_cloud.py` does the same with real machines.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from docklet.adapters.digitalocean.cloud import DigitalOcean
from docklet.domain.errors import CloudError
from docklet.domain.firewall import SHARED, TAG
from docklet.domain.outcome import Reason
from docklet.domain.secret import Secret
from docklet.ports import Cloud, Deletion, DropletRequest
from docklet_sandbox.launch import running
from tests.fakes import FakeClock, FakeCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.client import SandboxClient

REQUEST = DropletRequest(
    name="docklet-cafe0123-0123456789abcdef0123",
    tags=("docklet:0123456789abcdef0123:1700020000:octo:template",),
    region="nyc3",
    size="s-2vcpu-4gb",
    image="docker-20-04",
    user_data="#cloud-config\n",
)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox with light machines."""
    weight = ("--machines=light", "--ssh-port=2222")
    with running(tmp_path_factory.mktemp("cloud") / "state", *weight) as started:
        yield started
        assert started.violations() == []


@pytest.fixture(params=["fake", "light"])
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Offer each kind of cloud in turn, empty."""
    if request.param == "fake":
        yield FakeCloud(FakeClock())
        return
    yield from at(request.getfixturevalue("sandbox"), monkeypatch)


def at(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Yield the real adapter, with a sandbox that is empty before and afterwards."""
    sandbox.reset()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", sandbox.addresses.bundle)
    token = Secret(sandbox.addresses.cloud_token)
    real = DigitalOcean(token, clock=FakeClock(), endpoint=sandbox.addresses.cloud)
    yield real
    real.close()
    sandbox.reset()


async def test_offers(cloud: Cloud) -> None:
    """An account has a limit, sizes have prices and regions."""
    sizes = {size.slug: size for size in await cloud.sizes()}
    chosen = sizes["s-2vcpu-4gb"]
    assert await cloud.droplet_limit() == 10
    assert (chosen.price_hourly, chosen.memory, chosen.vcpus) == (Decimal("0.03571"), 4096, 2)
    assert "nyc3" in chosen.regions
    assert any(slug.startswith("gpu-") for slug in sizes)


async def test_images(cloud: Cloud) -> None:
    """Application images hold Docker and GPU images, and no plain system."""
    slugs = {image.slug for image in await cloud.application_images()}
    assert {"docker-20-04", "gpu-h100x1-base"} <= slugs
    assert "ubuntu-24-04-x64" not in slugs


async def test_find_image(cloud: Cloud) -> None:
    """An image is found by slug and by id; an unknown one is None."""
    by_slug = await cloud.find_image("ubuntu-24-04-x64")
    assert by_slug is not None
    assert by_slug.boot == "ubuntu-24-04-x64"
    assert await cloud.find_image(str(by_slug.image_id)) == by_slug
    assert await cloud.find_image("no-such-image") is None
    assert await cloud.find_image("No such / snapshot") is None


async def test_life_of_a_droplet(cloud: Cloud) -> None:
    """A droplet is made as ordered, found by id and tag, has an address, and goes."""
    made = await cloud.create(REQUEST)
    assert (made.name, made.tags, made.region) == (REQUEST.name, REQUEST.tags, "nyc3")
    assert (made.size, made.price_hourly) == (REQUEST.size, Decimal("0.03571"))
    found = await cloud.droplet(made.droplet_id)
    assert found is not None
    assert (found.status, found.created) == ("active", made.created)
    assert found.address
    assert await cloud.droplets(tag=REQUEST.tags[0]) == (found,)
    assert await cloud.droplets(tag="somebody-elses") == ()
    assert await cloud.delete(made.droplet_id) is Deletion.ACCEPTED
    assert await cloud.droplet(made.droplet_id) is None
    assert await cloud.droplets(tag=REQUEST.tags[0]) == ()


async def test_creation(cloud: Cloud) -> None:
    """A new droplet says which event makes it, which has not failed; an unknown one neither."""
    made = await cloud.create(REQUEST)
    assert made.creation
    assert not await cloud.creation_failed(made.creation)
    assert not await cloud.creation_failed(999_999_999)


async def test_power(cloud: Cloud) -> None:
    """A droplet that is gone can't be switched on, and that is no error."""
    assert not await cloud.power_on(4_000_000)


async def test_delete_what_is_gone(cloud: Cloud) -> None:
    """Deleting a droplet that is gone, or a tag, is fine."""
    assert await cloud.delete(4_000_000) is Deletion.GONE
    await cloud.delete_tag("docklet:none")


async def test_tags_come_and_go(cloud: Cloud) -> None:
    """A tag is put on a droplet, twice without harm, and deleted without the droplet."""
    made = await cloud.create(REQUEST)
    await cloud.add_tag(made.droplet_id, "docklet:kept:0123456789abcdef0123:1700020000")
    (listed,) = await cloud.droplets(tag="docklet:kept:0123456789abcdef0123:1700020000")
    assert set(REQUEST.tags) < set(listed.tags)
    await cloud.delete_tag("docklet:kept:0123456789abcdef0123:1700020000")
    left = await cloud.droplet(made.droplet_id)
    assert left is not None
    assert left.tags == REQUEST.tags


async def test_tag_comes_off_one_droplet(cloud: Cloud) -> None:
    """A tag is taken off one droplet and no other; where it is not, nothing happens."""
    one, other = await cloud.create(REQUEST), await cloud.create(REQUEST)
    await cloud.untag(one.droplet_id, REQUEST.tags[0])
    await cloud.untag(one.droplet_id, "docklet:none")
    await cloud.untag(4_000_000, REQUEST.tags[0])
    (listed,) = await cloud.droplets(tag=REQUEST.tags[0])
    assert listed.droplet_id == other.droplet_id
    left = await cloud.droplet(one.droplet_id)
    assert left is not None
    assert left.tags == ()


async def test_tag_without_droplet(cloud: Cloud) -> None:
    """A droplet that is gone can't be tagged."""
    with pytest.raises(CloudError, match="gone"):
        await cloud.add_tag(4_000_000, "docklet:kept")


async def test_gpu_droplets_are_listed_apart(cloud: Cloud) -> None:
    """The plain list leaves GPU droplets out, as the other leaves out the plain ones."""
    gpu = replace(REQUEST, size="gpu-h100x1-80gb", region="tor1", image="gpu-h100x1-base")
    ids = [(await cloud.create(each)).droplet_id for each in (REQUEST, gpu)]
    assert [each.droplet_id for each in await cloud.droplets()] == ids[:1]
    assert [each.droplet_id for each in await cloud.gpu_droplets()] == ids[1:]


async def test_quota(cloud: Cloud) -> None:
    """The droplet above the limit is refused as such."""
    for _ in range(10):
        await cloud.create(REQUEST)
    with pytest.raises(CloudError) as caught:
        await cloud.create(REQUEST)
    assert caught.value.reason is Reason.QUOTA


async def test_size_that_is_not_there(cloud: Cloud) -> None:
    """A region without the size is told from other refusals, so that the next can be tried."""
    with pytest.raises(CloudError) as elsewhere:
        await cloud.create(replace(REQUEST, size="gpu-h100x1-80gb"))
    with pytest.raises(CloudError) as unknown:
        await cloud.create(replace(REQUEST, size="s-8vpcu"))
    assert elsewhere.value.reason is Reason.UNAVAILABLE
    assert unknown.value.reason is Reason.CREATE_FAILED


async def test_unused_tags(cloud: Cloud) -> None:
    """A tag outlives its droplet, and is unused then."""
    made = await cloud.create(REQUEST)
    assert await cloud.unused_tags() == ()
    assert await cloud.delete(made.droplet_id) is Deletion.ACCEPTED
    assert await cloud.unused_tags() == REQUEST.tags


async def test_firewalls(cloud: Cloud) -> None:
    """A firewall is listed as it was ordered; its name is taken then, and its tag is there."""
    assert await cloud.firewalls() == ()
    assert await cloud.create_firewall(SHARED)
    other = replace(SHARED, tags=frozenset({"web"}), inbound=())
    assert not await cloud.create_firewall(other)
    assert await cloud.firewalls() == (SHARED,)
    assert TAG in await cloud.unused_tags()
