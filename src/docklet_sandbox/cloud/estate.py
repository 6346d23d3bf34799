"""All that the account owns: droplets, actions, tags, keys, firewalls, its own images.

Methods change the estate and the machines behind it; what the API says about it, and whether a
request is allowed at all, is decided by the routes.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any

from docklet_sandbox.cloud.catalog import Catalog, Record, load_catalog
from docklet_sandbox.cloud.droplet import Droplet, Order, timestamp
from docklet_sandbox.cloud.event import Action
from docklet_sandbox.cloud.fate import Fates
from docklet_sandbox.cloud.walls import openings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from docklet_sandbox.machines import Machines
    from docklet_sandbox.settings import Settings

_FIRST_ID = 510_000_001


@dataclass(slots=True, kw_only=True)
class Estate:
    """The account's belongings, and the clock they live by."""

    settings: Settings
    machines: Machines
    now: Callable[[], float] = time.time
    catalog: Catalog = field(default_factory=load_catalog)
    droplets: dict[int, Droplet] = field(default_factory=dict)
    """Every droplet that ever was; the deleted ones have a time of death."""
    actions: dict[int, Action] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    """Canonical spelling by lower-case spelling; tags outlive the droplets they were on."""
    keys: dict[int, Record] = field(default_factory=dict)
    firewalls: dict[str, Record] = field(default_factory=dict)
    images: dict[int, Record] = field(default_factory=dict)
    """The account's own images (snapshots)."""
    fates: Fates = field(default_factory=Fates)
    """What becomes of droplets that are yet to be created."""
    ids: Iterator[int] = field(default_factory=lambda: count(_FIRST_ID))
    """Never used twice, so that a late request cannot hit somebody else's droplet."""
    _work: set[asyncio.Task[None]] = field(default_factory=set)

    def living(self) -> list[Droplet]:
        """Return the droplets that are not deleted, oldest first."""
        return [d for d in self.droplets.values() if d.deleted is None]

    def listed(self) -> list[Droplet]:
        """Return the droplets that lists show, which may lag behind both ways."""
        edge = self.now() - self.settings.list_lag
        return [
            d
            for d in self.droplets.values()
            if d.created <= edge and (d.deleted is None or d.deleted > edge)
        ]

    def tag(self, name: str) -> str:
        """Return the canonical spelling of a tag, which is created if it does not exist."""
        return self.tags.setdefault(name.lower(), name)

    async def create(self, order: Order) -> tuple[Droplet, Action]:
        """Rent a droplet and reserve the address of its machine."""
        now = self.now()
        fate = self.fates.take(order.name)
        boots = fate is None or fate.boots
        droplet = Droplet(
            id=next(self.ids),
            order=order,
            name=order.name,
            tags=[self.tag(name) for name in order.tags],
            created=now,
            active_at=now + self.settings.boot_delay if boots else inf,
            openings=openings(self.firewalls.values(), order.tags),
            fate=fate,
        )
        self.droplets[droplet.id] = droplet
        try:
            await self._build(droplet)
        except BaseException:
            droplet.deleted = now
            raise
        self._await_doom(droplet)
        ends = min(droplet.active_at, droplet.failed_at)
        return droplet, self.note("create", droplet, ends, errored=droplet.failed_at < inf)

    async def _build(self, droplet: Droplet) -> None:
        order = droplet.order
        await self.machines.create(
            droplet.id,
            order.name,
            order.user_data,
            boot_delay=droplet.active_at - droplet.created,
            public_keys=order.public_keys,
            foreign_host_key=self.settings.foreign_host_key,
        )
        droplet.address = await self.machines.address(droplet.id) or ""

    def _await_doom(self, droplet: Droplet) -> None:
        """Have a droplet disappear in time, whether anybody looks or not."""
        if droplet.doomed_at < inf:
            seconds = droplet.doomed_at - droplet.created
            asyncio.get_running_loop().call_later(seconds, self._doom, droplet)

    def _doom(self, droplet: Droplet) -> None:
        if droplet.deleted is None:
            self.remove(droplet)

    def note(self, kind: str, droplet: Droplet, ends: float, *, errored: bool = False) -> Action:
        """Write down an action that ends at the given moment."""
        action = Action(
            id=next(self.ids),
            type=kind,
            droplet=droplet,
            started=self.now(),
            ends=ends,
            errored=errored,
        )
        self.actions[action.id] = action
        return action

    def remove(self, droplet: Droplet) -> None:
        """End the rent now; the machine is taken down behind the answer's back."""
        droplet.deleted = self.now()
        self.behind(self.machines.destroy(droplet.id))

    def snapshot(self, name: str, source: Record, regions: list[str]) -> Record:
        """Keep an image of the account's own."""
        image_id = next(self.ids)
        self.images[image_id] = {
            **source,
            "id": image_id,
            "name": name,
            "slug": None,
            "public": False,
            "type": "snapshot",
            "regions": regions,
            "created_at": timestamp(self.now()),
            "tags": [],
        }
        return self.images[image_id]

    def add_key(self, name: str, public_key: str, fingerprint: str) -> Record:
        """Register a public key with the account."""
        key_id = next(self.ids)
        self.keys[key_id] = {
            "id": key_id,
            "name": name,
            "public_key": public_key,
            "fingerprint": fingerprint,
        }
        return self.keys[key_id]

    def add_firewall(self, wanted: Record) -> Record:
        """Set up a firewall."""
        firewall_id = str(uuid.uuid4())
        self.firewalls[firewall_id] = {
            "id": firewall_id,
            "status": "succeeded",
            "created_at": timestamp(self.now()),
            "pending_changes": [],
            "inbound_rules": [],
            "outbound_rules": [],
            "droplet_ids": [],
            "tags": [],
            **wanted,
        }
        return self.firewalls[firewall_id]

    async def settle(self) -> None:
        """Wait until everything that was begun on the machines is done."""
        await asyncio.gather(*self._work)

    async def clear(self) -> None:
        """Give everything back and forget it, as if nobody had ever been here."""
        for droplet in self.living():
            self.remove(droplet)
        await self.settle()
        for shelf in (self.actions, self.tags, self.keys, self.firewalls, self.images):
            shelf.clear()
        self.droplets.clear()

    def behind(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something to the machines without keeping the answer waiting."""
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
