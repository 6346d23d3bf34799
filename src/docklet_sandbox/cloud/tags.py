"""Routes for tags: the first spelling is canonical, and a tag outlives what it was on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from docklet_sandbox.cloud import errors
from docklet_sandbox.cloud.errors import not_found, unprocessable
from docklet_sandbox.cloud.gate import ESTATE, Route
from docklet_sandbox.cloud.order import TAG
from docklet_sandbox.cloud.pages import paged
from docklet_sandbox.cloud.shape import body_of, fields_of, many, mapping, query_of, text
from docklet_sandbox.journal import Violation

if TYPE_CHECKING:
    from docklet_sandbox.cloud.droplet import Droplet

_EMPTY = {"count": 0}


async def list_tags(request: web.Request) -> web.Response:
    """Answer GET /v2/tags."""
    return paged(request, "tags", [_show(request, t) for t in request.app[ESTATE].tags.values()])


async def create_tag(request: web.Request) -> web.Response:
    """Answer POST /v2/tags; a tag that exists is answered with, not doubled."""
    name = (await body_of(request, {"name": text}, ("name",)))["name"]
    if not TAG.fullmatch(name):
        raise unprocessable(errors.TAG_GRAMMAR)
    return web.json_response({"tag": _show(request, request.app[ESTATE].tag(name))}, status=201)


async def get_tag(request: web.Request) -> web.Response:
    """Answer GET /v2/tags/{name}."""
    query_of(request)
    return web.json_response({"tag": _show(request, _tag_of(request))})


async def delete_tag(request: web.Request) -> web.Response:
    """Answer DELETE /v2/tags/{name}: it comes off everything, nothing else is deleted."""
    estate = request.app[ESTATE]
    name = _tag_of(request)
    for droplet in _tagged(request, name):
        droplet.tags.remove(name)
    for firewall in estate.firewalls.values():
        firewall["tags"] = [tag for tag in firewall["tags"] if tag != name]
    del estate.tags[name.lower()]
    return web.Response(status=204)


async def tag_resources(request: web.Request) -> web.Response:
    """Answer POST /v2/tags/{name}/resources."""
    name = _tag_of(request)
    for droplet in await _resources(request):
        if name not in droplet.tags:
            droplet.tags.append(name)
    return web.Response(status=204)


async def untag_resources(request: web.Request) -> web.Response:
    """Answer DELETE /v2/tags/{name}/resources."""
    name = _tag_of(request)
    for droplet in await _resources(request):
        if name in droplet.tags:
            droplet.tags.remove(name)
    return web.Response(status=204)


def _tag_of(request: web.Request) -> str:
    """Return the tag that the path names, in exactly its canonical spelling."""
    name = request.match_info["tag_id"]
    if request.app[ESTATE].tags.get(name.lower()) != name:
        raise not_found()
    return name


async def _resources(request: web.Request) -> list[Droplet]:
    body = await body_of(request, {"resources": many(mapping)}, ("resources",))
    estate = request.app[ESTATE]
    named = ("resource_id", "resource_type")
    found = []
    for item in body["resources"]:
        fields_of(item, dict.fromkeys(named, text), named)
        if item["resource_type"] != "droplet":
            message = f"The sandbox tags droplets only, not {item['resource_type']!r}."
            raise Violation(message)
        found += [d for d in estate.living() if str(d.id) == item["resource_id"]]
    if len(found) < len(body["resources"]):
        raise not_found()
    return found


def _tagged(request: web.Request, name: str) -> list[Droplet]:
    return [d for d in request.app[ESTATE].living() if name in d.tags]


def _show(request: web.Request, name: str) -> dict[str, Any]:
    tagged = _tagged(request, name)
    stats: dict[str, Any] = {"count": len(tagged)}
    if tagged:
        base = f"{request.scheme}://{request.host}"
        stats["last_tagged_uri"] = f"{base}/v2/droplets/{tagged[-1].id}"
    empty = dict.fromkeys(("images", "volumes", "volume_snapshots", "databases"), _EMPTY)
    return {"name": name, "resources": {**stats, "droplets": stats, **empty}}


ROUTES = (
    Route(method="GET", path="/v2/tags", handler=list_tags, scope="tag:read"),
    Route(method="POST", path="/v2/tags", handler=create_tag, scope="tag:create"),
    Route(method="GET", path="/v2/tags/{tag_id}", handler=get_tag, scope="tag:read"),
    Route(method="DELETE", path="/v2/tags/{tag_id}", handler=delete_tag, scope="tag:delete"),
    Route(
        method="POST",
        path="/v2/tags/{tag_id}/resources",
        handler=tag_resources,
        scope="tag:create",
    ),
    Route(
        method="DELETE",
        path="/v2/tags/{tag_id}/resources",
        handler=untag_resources,
        scope="tag:delete",
    ),
)
