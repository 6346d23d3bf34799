"""One droplet: what it was ordered as, and what the API shows of it at a given time.

Its life is written down as moments (active at, shown until), never as timers, so that a virtual
clock can move through it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Any

from docklet_sandbox.cloud.catalog import Record, is_gpu
from docklet_sandbox.cloud.fate import Fate, FateKind

_PRICE_SECONDS = 3600
_LEAST_SECONDS = 60
_LEAST_DOLLARS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a create request asks for, once it is found to be possible."""

    name: str
    size: Record
    region: Record
    image: Record
    tags: tuple[str, ...] = ()
    user_data: str = ""
    public_keys: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    public: bool = True
    vpc: str = ""


@dataclass(slots=True, kw_only=True)
class Droplet:
    """A droplet that exists or existed."""

    id: int
    order: Order
    name: str
    tags: list[str]
    created: float
    """Seconds since the epoch, like every moment here."""
    active_at: float
    address: str = ""
    """The machine's public IPv4, known before it is shown."""
    powered: bool = True
    locked_until: float = 0.0
    deleted: float | None = None
    snapshot_ids: list[int] = field(default_factory=list)
    openings: tuple[str, ...] | None = None
    """What its firewalls let in when it was created, such as `tcp 22`; None without a firewall."""
    fate: Fate | None = None
    """What goes wrong with it, if anything does."""

    @property
    def failed_at(self) -> float:
        """When its create event ends as errored; infinity if it does not."""
        failed = self.fate is not None and self.fate.kind is FateKind.CREATE_FAILS
        return self.created + self.fate.after if self.fate and failed else inf

    @property
    def doomed_at(self) -> float:
        """When it disappears by itself; infinity if it does not."""
        return self.created + self.fate.after if self.fate and self.fate.dooms else inf

    @property
    def gpu(self) -> bool:
        """Whether plain lists leave it out."""
        return is_gpu(self.order.size)

    def status(self, now: float) -> str:
        """Return the word that the API shows."""
        if now < self.active_at:
            return "new"
        return "active" if self.powered else "off"

    def cost(self, now: float) -> float:
        """Return dollars so far: per second, at least a minute and at least one cent."""
        seconds = max(_LEAST_SECONDS, (self.deleted or now) - self.created)
        price: float = self.order.size["price_hourly"]
        return max(_LEAST_DOLLARS, seconds * price / _PRICE_SECONDS)

    def as_json(self, now: float, ip_delay: float) -> dict[str, Any]:
        """Return the API's full picture of the droplet."""
        size = self.order.size
        return {
            "id": self.id,
            "name": self.name,
            "memory": size["memory"],
            "vcpus": size["vcpus"],
            "disk": size["disk"],
            "disk_info": size["disk_info"],
            "locked": now < max(min(self.active_at, self.failed_at), self.locked_until),
            "status": self.status(now),
            "kernel": None,
            "created_at": timestamp(self.created),
            "features": list(self.order.features),
            "backup_ids": [],
            "next_backup_window": None,
            "snapshot_ids": list(self.snapshot_ids),
            "image": self.order.image,
            "volume_ids": [],
            "size": size,
            "size_slug": size["slug"],
            "networks": self._networks(now, self.active_at + ip_delay),
            "region": self.order.region,
            "tags": list(self.tags),
            "vpc_uuid": self.order.vpc,
        } | ({"gpu_info": size["gpu_info"]} if self.gpu else {})

    def _networks(self, now: float, since: float) -> dict[str, Any]:
        """Return the networks, the private one first: no client may take the first for public."""
        kind, after = (self.fate.kind, self.fate.after) if self.fate else (None, 0.0)
        if now < since + (after if kind is FateKind.ADDRESS_LATE else 0.0):
            return {"v4": [], "v6": []}
        public = now >= since + (after if kind is FateKind.PRIVATE_FIRST else 0.0)
        high, low = divmod(self.id % (250 * 250), 250)
        private = f"10.108.{high + 2}.{low + 2}"
        v4 = [_network(private, "255.255.240.0", "10.108.0.1", "private")]
        if self.order.public and self.address and public:
            gateway = self.address.rpartition(".")[0] + ".1"
            v4.append(_network(self.address, "255.255.240.0", gateway, "public"))
        return {"v4": v4, "v6": []}


def _network(address: str, netmask: str, gateway: str, kind: str) -> dict[str, str]:
    return {"ip_address": address, "netmask": netmask, "gateway": gateway, "type": kind}


def timestamp(moment: float) -> str:
    """Return a moment as the API writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
