"""Routes for firewalls; `walls` tells what they would let through to a droplet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from docklet_sandbox.cloud.errors import bad_request, conflict, not_found
from docklet_sandbox.cloud.gate import ESTATE, Route, need
from docklet_sandbox.cloud.pages import paged
from docklet_sandbox.cloud.shape import body_of, many, mapping, query_of, text, whole

if TYPE_CHECKING:
    from docklet_sandbox.cloud.catalog import Record
    from docklet_sandbox.cloud.shape import Check

_ONE = "/v2/firewalls/{firewall_id}"
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.\-]+")
_FIELDS: dict[str, Check] = {
    "name": text,
    "inbound_rules": many(mapping, nullable=True),
    "outbound_rules": many(mapping, nullable=True),
    "droplet_ids": many(whole, nullable=True),
    "tags": many(text, nullable=True),
}


async def list_firewalls(request: web.Request) -> web.Response:
    """Answer GET /v2/firewalls."""
    return paged(request, "firewalls", list(request.app[ESTATE].firewalls.values()))


async def create_firewall(request: web.Request) -> web.Response:
    """Answer POST /v2/firewalls."""
    wanted = await _wanted(request)
    if any(one["name"] == wanted["name"] for one in request.app[ESTATE].firewalls.values()):
        message = "duplicate name"
        raise conflict(message)
    firewall = request.app[ESTATE].add_firewall(wanted)
    return web.json_response({"firewall": firewall}, status=202)


async def get_firewall(request: web.Request) -> web.Response:
    """Answer GET /v2/firewalls/{id}."""
    query_of(request)
    return web.json_response({"firewall": _firewall_of(request)})


async def change_firewall(request: web.Request) -> web.Response:
    """Answer PUT /v2/firewalls/{id}."""
    firewall = _firewall_of(request)
    firewall |= await _wanted(request)
    return web.json_response({"firewall": firewall})


async def delete_firewall(request: web.Request) -> web.Response:
    """Answer DELETE /v2/firewalls/{id}."""
    del request.app[ESTATE].firewalls[_firewall_of(request)["id"]]
    return web.Response(status=204)


async def _wanted(request: web.Request) -> dict[str, Any]:
    body = await body_of(request, _FIELDS, ("name",))
    for scope in ("tag:create", "tag:read") if body.get("tags") else ():
        need(request, scope)
    tags = request.app[ESTATE].tags
    if not _NAME.fullmatch(body["name"]):
        message = "invalid firewall name"
        raise bad_request(message)
    if any(tags.get(tag.lower()) != tag for tag in body.get("tags") or ()):
        message = "tag does not exist"
        raise bad_request(message)
    return {field: value or [] for field, value in body.items()}


def _firewall_of(request: web.Request) -> Record:
    firewall = request.app[ESTATE].firewalls.get(request.match_info["firewall_id"])
    if firewall is None:
        raise not_found()
    return firewall


ROUTES = (
    Route(method="GET", path="/v2/firewalls", handler=list_firewalls, scope="firewall:read"),
    Route(method="POST", path="/v2/firewalls", handler=create_firewall, scope="firewall:create"),
    Route(method="GET", path=_ONE, handler=get_firewall, scope="firewall:read"),
    Route(method="PUT", path=_ONE, handler=change_firewall, scope="firewall:update"),
    Route(method="DELETE", path=_ONE, handler=delete_firewall, scope="firewall:delete"),
)
