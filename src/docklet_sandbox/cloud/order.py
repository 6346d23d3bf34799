"""From the body of a create request to orders that can be fulfilled.

The body's shape is judged first (a wrong one is a violation), then its values, with the messages
of the real API.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docklet_sandbox.cloud import errors
from docklet_sandbox.cloud.catalog import is_gpu
from docklet_sandbox.cloud.droplet import Order
from docklet_sandbox.cloud.errors import unprocessable
from docklet_sandbox.cloud.offers import image_called
from docklet_sandbox.cloud.shape import either, flag, many, mapping, text, whole
from docklet_sandbox.journal import Violation

if TYPE_CHECKING:
    from docklet_sandbox.cloud.catalog import Record
    from docklet_sandbox.cloud.estate import Estate
    from docklet_sandbox.cloud.shape import Check

TAG = re.compile(r"[a-zA-Z0-9_\-:]{1,255}")
_NAME = re.compile(r"[a-zA-Z0-9]?[a-z0-9A-Z.\-]*[a-z0-9A-Z]")
_NAME_LENGTH = 255
_NAMES = 10
_USER_DATA_BYTES = 64 * 1024
_DEFAULT_VPC = "5a4981aa-9653-4bd1-bef5-d6bff52042e4"


def _optional(check: Check) -> Check:
    """Accept null as well: clients spell out fields they leave empty, and the API lets them."""
    return lambda value: value is None or check(value)


FIELDS: dict[str, Check] = {
    "name": text,
    "names": many(text),
    "size": text,
    "image": either(text, whole),
    "region": _optional(text),
    "ssh_keys": _optional(many(either(text, whole))),
    "backups": _optional(flag),
    "backup_policy": _optional(mapping),
    "ipv6": _optional(flag),
    "monitoring": _optional(flag),
    "tags": _optional(many(text)),
    "user_data": _optional(text),
    "private_networking": _optional(flag),
    "volumes": _optional(many(text)),
    "vpc_uuid": _optional(text),
    "with_droplet_agent": _optional(flag),
    "public_networking": _optional(flag),
}
REQUIRED = ("size", "image")


def orders_from(body: dict[str, Any], estate: Estate) -> list[Order]:
    """Return one order for each name; raise ApiError when they cannot be fulfilled."""
    names = _names(body)
    _check_surroundings(body)
    size, region = _place(body, estate)
    image = image_called(estate, body["image"])
    if image is None:
        raise unprocessable(errors.INVALID_IMAGE)
    _check_user_data(body.get("user_data") or "")
    common: dict[str, Any] = {
        "size": size,
        "region": region,
        "image": image,
        "tags": _tags(body),
        "user_data": body.get("user_data") or "",
        "public_keys": _keys(body, estate),
        "features": _features(body),
        "public": body.get("public_networking") is not False,
        "vpc": body.get("vpc_uuid") or _DEFAULT_VPC,
    }
    _check_limit(estate, size, len(names))
    return [Order(name=name, **common) for name in names]


def _names(body: dict[str, Any]) -> list[str]:
    if ("name" in body) == ("names" in body):
        message = "A create request has either 'name' or 'names'."
        raise Violation(message)
    names: list[str] = body["names"] if "names" in body else [body["name"]]
    if not 1 <= len(names) <= _NAMES:
        message = f"'names' holds 1 to {_NAMES} names, not {len(names)}."
        raise Violation(message)
    for name in names:
        check_name(name)
    return names


def check_name(name: str) -> None:
    """Raise ApiError for what cannot be a droplet's name, and with it a hostname."""
    if not _NAME.fullmatch(name) or len(name) > _NAME_LENGTH:
        raise unprocessable(errors.HOSTNAME)


def _check_surroundings(body: dict[str, Any]) -> None:
    """Refuse what a droplet cannot be put into, since there is none of it here."""
    if body.get("volumes") or body.get("vpc_uuid") not in {None, _DEFAULT_VPC}:
        message = "The sandbox has no volumes, and no other VPC than the default one."
        raise Violation(message)


def _place(body: dict[str, Any], estate: Estate) -> tuple[Record, Record]:
    """Return size and region, which have to fit together and to have room."""
    catalog = estate.catalog
    size = catalog.sizes.get(body["size"])
    if size is None:
        raise unprocessable(errors.INVALID_SIZE)
    region = catalog.region_named(body.get("region") or size["regions"][0], size["slug"])
    if region is None:
        raise unprocessable(errors.INVALID_REGION)
    if not region["available"]:
        raise unprocessable(errors.REGION_CLOSED)
    if size["slug"] not in region["sizes"] or region["slug"] in estate.settings.full_regions:
        raise unprocessable(errors.SIZE_ELSEWHERE)
    return size, region


def _tags(body: dict[str, Any]) -> tuple[str, ...]:
    tags = tuple(body.get("tags") or ())
    if not all(TAG.fullmatch(tag) for tag in tags):
        raise unprocessable(errors.TAG_GRAMMAR)
    return tags


def _check_user_data(user_data: str) -> None:
    if len(user_data.encode()) > _USER_DATA_BYTES:
        raise unprocessable(errors.USER_DATA_LONG)
    if not user_data.isascii():
        raise unprocessable(errors.USER_DATA_TEXT)


def _keys(body: dict[str, Any], estate: Estate) -> tuple[str, ...]:
    wanted = [str(key) for key in body.get("ssh_keys") or ()]
    by_name = {k[field]: k for k in estate.keys.values() for field in ("id", "fingerprint")}
    known = {str(name): key["public_key"] for name, key in by_name.items()}
    if strange := [key for key in wanted if key not in known]:
        message = f"{', '.join(strange)} are invalid key identifiers for Droplet creation."
        raise unprocessable(message)
    return tuple(known[key] for key in wanted)


def _features(body: dict[str, Any]) -> tuple[str, ...]:
    agent = ["droplet_agent"] if body.get("with_droplet_agent") is not False else []
    chosen = [name for name in ("backups", "ipv6", "monitoring") if body.get(name)]
    return (*chosen, *agent, "private_networking")


def _check_limit(estate: Estate, size: Record, more: int) -> None:
    """GPU droplets have a limit of their own on the real service; here they count alike."""
    have = sum(d.gpu == is_gpu(size) for d in estate.living())
    if have + more > estate.settings.droplet_limit:
        raise unprocessable(errors.OVER_LIMIT)
