"""A cloud in memory."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import CloudError
from docklet.domain.firewall import TAG
from docklet.domain.outcome import Reason
from docklet.domain.plan import Image, Size
from docklet.ports import Deletion, Droplet
from tests.fakes.process import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.domain.firewall import Firewall
    from docklet.ports import DropletRequest


SIZES: Final = (
    Size(
        slug="s-2vcpu-4gb",
        price_hourly=Decimal("0.03571"),
        vcpus=2,
        memory=4096,
        disk=80,
        regions=frozenset({"nyc3", "fra1"}),
    ),
    Size(
        slug="gpu-h100x1-80gb",
        price_hourly=Decimal("6.74"),
        vcpus=20,
        memory=245760,
        disk=720,
        regions=frozenset({"tor1"}),
    ),
)


def _image(number: int, slug: str, name: str, kind: str) -> Image:
    """Make a public image."""
    return Image(image_id=number, slug=slug, name=name, kind=kind, created="2026-02-01T00:00:00Z")


IMAGES: Final = (
    _image(101, "docker-20-04", "Docker 27 on Ubuntu 22.04", "snapshot"),
    _image(102, "gpu-h100x1-base", "NVIDIA AI/ML Ready", "snapshot"),
    _image(103, "ubuntu-24-04-x64", "24.04 (LTS) x64", "base"),
)


class FakeCloud:
    """An account whose droplets boot, show up in lists and may be deleted when the clock says."""

    def __init__(
        self,
        clock: FakeClock,
        *,
        sizes: Iterable[Size] = SIZES,
        images: Iterable[Image] = IMAGES,
        limit: int = 10,
        boot: float = 0.0,
        list_lag: float = 0.0,
        pending: float = 0.0,
    ) -> None:
        """Set seconds from create: until active, until lists know, until it may be deleted."""
        self.offered = tuple(sizes)
        self.images = tuple(images)
        self.limit = limit
        self.boot = boot
        self.list_lag = list_lag
        self.pending = pending
        self.read_lag = 0.0
        """Seconds from create for which a look at the droplet says that there is none."""
        self.slow: dict[str, float] = {}
        """Seconds that a method's calls take before they have an effect."""
        self.deaf = 0
        """How many of the next deletions are accepted and forgotten."""
        self.live: dict[int, Droplet] = {}
        self.deleted: dict[int, float] = {}
        """When droplets were deleted, by id."""
        self.tags: set[str] = set()
        self.walls: dict[str, Firewall] = {}
        """The account's firewalls, by name."""
        self.hidden_walls = 0
        """How many of the next lists of firewalls show none."""
        self.orders: list[DropletRequest] = []
        """Every create request that arrived."""
        self.errored = False
        """Whether the events that make droplets end with an error; the droplets stay `new`."""
        self.calls: list[str] = []
        self._clock = clock
        self._buried: list[Droplet] = []
        self._failures: dict[str, list[tuple[Exception, bool]]] = {}
        self._ids = count(1001)

    def fail(self, method: str, error: Exception, *, times: int = 1, commit: bool = False) -> None:
        """Let the next calls of a method fail, before or after (`commit`) they take effect."""
        self._failures.setdefault(method, []).extend([(error, commit)] * times)

    def add(self, droplet: Droplet) -> None:
        """Put a droplet into the account."""
        self.live[droplet.droplet_id] = droplet
        self.tags.update(droplet.tags)

    @property
    def run_tags(self) -> set[str]:
        """All tags but the one that the droplets of all runs share, which stays."""
        return self.tags - {TAG}

    async def check_deletion(self) -> None:
        """Let it be, unless the test has a failure for it."""
        await self._called("check_deletion")

    async def droplet_limit(self) -> int:
        """Return the limit."""
        await self._called("droplet_limit")
        return self.limit

    async def sizes(self) -> tuple[Size, ...]:
        """Return what is offered."""
        await self._called("sizes")
        return self.offered

    async def application_images(self) -> tuple[Image, ...]:
        """Return the public images that are more than a system."""
        await self._called("application_images")
        return tuple(image for image in self.images if image.slug and image.kind == "snapshot")

    async def find_image(self, name: str) -> Image | None:
        """Find an image by slug or id, then an own one by name, the newest first."""
        await self._called("find_image")
        public = [i for i in self.images if name in {i.slug, str(i.image_id)}]
        own = [i for i in self.images if not i.slug and i.name == name]
        own.sort(key=lambda image: image.created, reverse=True)
        return next(iter(public + own), None)

    async def firewalls(self) -> tuple[Firewall, ...]:
        """Return the firewalls."""
        await self._called("firewalls")
        if self.hidden_walls:
            self.hidden_walls -= 1
            return ()
        return tuple(self.walls.values())

    async def create_firewall(self, firewall: Firewall) -> bool:
        """Make a firewall, unless its name is taken."""
        late = await self._called("create_firewall")
        self.tags |= firewall.tags
        taken = firewall.name in self.walls
        self.walls.setdefault(firewall.name, firewall)
        _raise(late)
        return not taken

    async def create(self, request: DropletRequest) -> Droplet:
        """Make a droplet."""
        late = await self._called("create")
        self.orders.append(request)
        if len(self.live) >= self.limit:
            message = "DigitalOcean makes no further droplet for this account."
            raise CloudError(message, reason=Reason.QUOTA)
        made = Droplet(
            droplet_id=next(self._ids),
            name=request.name,
            status="new",
            tags=request.tags,
            region=request.region,
            size=request.size,
            price_hourly=self._price(request),
            created=self._clock.now(),
        )
        self.add(made)
        _raise(late)
        return replace(made, creation=made.droplet_id + 10**6)

    async def droplet(self, droplet_id: int) -> Droplet | None:
        """Return a droplet as it is now."""
        await self._called("droplet")
        found = self.live.get(droplet_id)
        if found is None or self._clock.now() < found.created + self.read_lag:
            return None
        return self._aged(found)

    async def creation_failed(self, creation: int) -> bool:
        """Tell what the test says."""
        await self._called("creation_failed")
        return self.errored and creation - 10**6 in self.live

    async def power_on(self, droplet_id: int) -> bool:
        """Switch a droplet on, which boots at once."""
        await self._called("power_on")
        found = self.live.get(droplet_id)
        if found is None or found.status != "off":
            return False
        self.live[droplet_id] = replace(found, status="active")
        return True

    async def droplets(self, *, tag: str = "") -> tuple[Droplet, ...]:
        """Return what the list knows by now."""
        await self._called("droplets")
        plain = (each for each in self._listed() if not each.size.startswith("gpu-"))
        return tuple(each for each in plain if not tag or tag in each.tags)

    async def gpu_droplets(self) -> tuple[Droplet, ...]:
        """Return what the list of GPU droplets knows by now."""
        await self._called("gpu_droplets")
        return tuple(each for each in self._listed() if each.size.startswith("gpu-"))

    async def delete(self, droplet_id: int) -> Deletion:
        """Delete a droplet, unless it is too young."""
        late = await self._called("delete")
        found = self.live.get(droplet_id)
        if found is None:
            return Deletion.GONE
        if self._clock.now() < found.created + self.pending:
            return Deletion.PENDING
        if self.deaf:
            self.deaf -= 1
            return Deletion.ACCEPTED
        self._buried.append(self.live.pop(droplet_id))
        self.deleted[droplet_id] = self._clock.now()
        _raise(late)
        return Deletion.ACCEPTED

    async def unused_tags(self) -> tuple[str, ...]:
        """Return the tags that are on nothing."""
        await self._called("unused_tags")
        used = {tag for droplet in self.live.values() for tag in droplet.tags}
        return tuple(sorted(self.tags - used))

    async def delete_tag(self, tag: str) -> None:
        """Forget a tag everywhere."""
        late = await self._called("delete_tag")
        self.tags.discard(tag)
        for key, droplet in self.live.items():
            left = tuple(each for each in droplet.tags if each != tag)
            self.live[key] = replace(droplet, tags=left)
        _raise(late)

    async def add_tag(self, droplet_id: int, tag: str) -> None:
        """Tag a droplet."""
        late = await self._called("add_tag")
        self.tags.add(tag)
        found = self.live.get(droplet_id)
        if found is None:
            message = "DigitalOcean could not tag a droplet: the droplet is gone."
            raise CloudError(message)
        self.live[droplet_id] = replace(found, tags=(*found.tags, tag))
        _raise(late)

    async def untag(self, droplet_id: int, tag: str) -> None:
        """Take a tag off a droplet, which outlives that."""
        late = await self._called("untag")
        found = self.live.get(droplet_id)
        if found is not None:
            left = tuple(each for each in found.tags if each != tag)
            self.live[droplet_id] = replace(found, tags=left)
        _raise(late)

    async def _called(self, method: str) -> Exception | None:
        """Note a call; raise its failure, or return it when the call shall take effect first."""
        self.calls.append(method)
        await asyncio.sleep(0)
        if method in self.slow:
            await self._clock.sleep(self.slow[method])
        waiting = self._failures.get(method)
        if not waiting:
            return None
        error, commit = waiting.pop(0)
        if not commit:
            raise error
        return error

    def _listed(self) -> list[Droplet]:
        """Return what lists show: late to know a new droplet, and to miss a deleted one."""
        then = self._clock.now() - self.list_lag
        known = [self._aged(each) for each in self.live.values() if each.created <= then]
        missed = [each for each in self._buried if self.deleted[each.droplet_id] > then]
        return known + missed

    def _aged(self, droplet: Droplet) -> Droplet:
        """Return a droplet as it is by now."""
        unborn = self.errored or self._clock.now() < droplet.created + self.boot
        if unborn or droplet.status == "off":
            return droplet
        address = droplet.address or f"203.0.113.{droplet.droplet_id % 250 + 1}"
        return replace(droplet, status="active", address=address)

    def _price(self, request: DropletRequest) -> Decimal:
        """Return what the droplet costs, or refuse to make it."""
        size = next((size for size in self.offered if size.slug == request.size), None)
        if size is None:
            message = "DigitalOcean refused to create a droplet: it has no such size."
            raise CloudError(message, reason=Reason.CREATE_FAILED)
        if request.region not in size.regions:
            message = "DigitalOcean does not have this size in this region now."
            raise CloudError(message, reason=Reason.UNAVAILABLE)
        return size.price_hourly


def _raise(error: Exception | None) -> None:
    """Raise an error, if there is one."""
    if error is not None:
        raise error
