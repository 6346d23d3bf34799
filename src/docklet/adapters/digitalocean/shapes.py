"""DigitalOcean's JSON as our own types.

What an answer lacks and docklet needs raises one of `MISFIT`; of a droplet, whatever is not
needed to find and delete it may be missing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from docklet.domain.firewall import ALL_PORTS, Firewall, Opening
from docklet.domain.plan import Image, Size
from docklet.ports import Droplet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.ports import DropletRequest

    Record = Mapping[str, Any]

MISFIT: Final = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What reading an answer of another shape raises."""


def order_of(request: DropletRequest) -> dict[str, Any]:
    """Return the body of a create request: no account key, no agent, nothing that is left over."""
    return {
        "name": request.name,
        "region": request.region,
        "size": request.size,
        "image": request.image,
        "tags": list(request.tags),
        "user_data": request.user_data,
        "ipv6": False,
        "monitoring": False,
        "with_droplet_agent": False,
    }


def droplet_of(raw: Record) -> Droplet:
    """Read a droplet."""
    size = raw.get("size") or {}
    return Droplet(
        droplet_id=int(raw["id"]),
        name=str(raw["name"]),
        status=str(raw["status"]),
        tags=tuple(map(str, raw.get("tags") or ())),
        region=str((raw.get("region") or {}).get("slug", "")),
        size=str(raw.get("size_slug", "")),
        price_hourly=_dollars(size.get("price_hourly", 0)),
        created=datetime.fromisoformat(raw["created_at"]).timestamp(),
        address=_public_address(raw),
    )


def created_of(body: Record) -> Droplet:
    """Read the answer to a create request; which event makes the droplet is not needed."""
    actions = (body.get("links") or {}).get("actions") or ()
    making = (int(each["id"]) for each in actions if each.get("rel") == "create")
    return replace(droplet_of(body["droplet"]), creation=next(making, 0))


def size_of(raw: Record) -> Size:
    """Read a size."""
    return Size(
        slug=str(raw["slug"]),
        price_hourly=_dollars(raw["price_hourly"]),
        vcpus=int(raw["vcpus"]),
        memory=int(raw["memory"]),
        disk=int(raw["disk"]),
        regions=frozenset(map(str, raw["regions"])),
        available=bool(raw.get("available", True)),
    )


def image_of(raw: Record) -> Image:
    """Read an image."""
    return Image(
        image_id=int(raw["id"]),
        slug=str(raw.get("slug") or ""),
        name=str(raw.get("name") or ""),
        kind=str(raw.get("type") or ""),
        created=str(raw.get("created_at") or ""),
    )


def tag_of(raw: Record) -> tuple[str, int]:
    """Read a tag: its name, and how many droplets have it."""
    return str(raw["name"]), int(raw["resources"]["droplets"]["count"])


def firewall_of(raw: Record) -> Firewall:
    """Read a firewall; a list that is null is an empty one."""
    return Firewall(
        name=str(raw["name"]),
        tags=frozenset(map(str, raw.get("tags") or ())),
        inbound=tuple(_opening(each, "sources") for each in raw.get("inbound_rules") or ()),
        outbound=tuple(_opening(each, "destinations") for each in raw.get("outbound_rules") or ()),
    )


def firewall_order_of(firewall: Firewall) -> dict[str, Any]:
    """Return the body of a request for a firewall."""
    return {
        "name": firewall.name,
        "tags": sorted(firewall.tags),
        "inbound_rules": [_rule(opening, "sources") for opening in firewall.inbound],
        "outbound_rules": [_rule(opening, "destinations") for opening in firewall.outbound],
    }


def _opening(raw: Record, ends: str) -> Opening:
    """Read a rule; `ends` is what its other side is called."""
    return Opening(
        protocol=str(raw["protocol"]),
        ports=str(raw.get("ports") or ALL_PORTS),
        addresses=frozenset(map(str, (raw.get(ends) or {}).get("addresses") or ())),
    )


def _rule(opening: Opening, ends: str) -> dict[str, Any]:
    """Return a rule as the API takes it."""
    sides = {"addresses": sorted(opening.addresses)}
    return {"protocol": opening.protocol, "ports": opening.ports, ends: sides}


def more_pages(raw: Record) -> bool:
    """Tell whether a list goes on; one of a single page has no links."""
    pages = (raw.get("links") or {}).get("pages") or {}
    return bool(pages.get("next"))


def _public_address(raw: Record) -> str:
    """Return the public IPv4, which comes after the rest; the private one may be the first."""
    networks = (raw.get("networks") or {}).get("v4") or ()
    public = (str(each["ip_address"]) for each in networks if each.get("type") == "public")
    return next(filter(None, public), "")


def _dollars(amount: float) -> Decimal:
    """Return the amount that is written, not the nearest binary fraction."""
    return Decimal(str(float(amount)))
