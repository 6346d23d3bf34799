"""Routes for droplets: create, list, look at, delete; never by the dozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from aiohttp import web

from docklet_sandbox.cloud import errors
from docklet_sandbox.cloud.errors import not_found, unprocessable
from docklet_sandbox.cloud.gate import ESTATE, Route, need
from docklet_sandbox.cloud.order import FIELDS, REQUIRED, orders_from
from docklet_sandbox.cloud.pages import paged
from docklet_sandbox.cloud.shape import body_of, query_of
from docklet_sandbox.journal import Violation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docklet_sandbox.cloud.droplet import Droplet
    from docklet_sandbox.cloud.event import Action

_TYPES = ("droplets", "gpus")
_FOR_CREATE = ("droplet:read", "regions:read", "sizes:read", "actions:read", "image:read")
_FOR_FIELDS = {"tags": "tag:create", "ssh_keys": "ssh_key:read", "vpc_uuid": "vpc:read"}
_AT_BIRTH = 0.0
"""A moment before any droplet is active: the answer to a create never says more than `new`."""


async def create_droplets(request: web.Request) -> web.Response:
    """Answer POST /v2/droplets: 202, which promises nothing."""
    estate = request.app[ESTATE]
    body = await body_of(request, FIELDS, REQUIRED)
    for scope in _needed(body):
        need(request, scope)
    rented = [await estate.create(order) for order in orders_from(body, estate)]
    pictures = [droplet.as_json(_AT_BIRTH, 0.0) for droplet, _ in rented]
    links = {"actions": [_link(request, action) for _, action in rented]}
    found: dict[str, Any] = {"droplet": pictures[0]} if "name" in body else {"droplets": pictures}
    return web.json_response({**found, "links": links}, status=202)


def _needed(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the scopes that a create needs besides its own."""
    yield from _FOR_CREATE
    for field, scope in _FOR_FIELDS.items():
        if body.get(field):
            yield scope


async def list_droplets(request: web.Request) -> web.Response:
    """Answer GET /v2/droplets; GPU droplets show only with `type=gpus`."""
    query = request.query
    kind = query.get("type", "droplets")
    if kind not in _TYPES:
        message = f"The parameter 'type' takes {' or '.join(_TYPES)}, not {kind!r}."
        raise Violation(message)
    if "tag_name" in query and ("name" in query or "type" in query):
        message = "'tag_name' can not be combined with 'name' or 'type'."
        raise Violation(message)
    found = [d for d in request.app[ESTATE].listed() if d.gpu == (kind == "gpus")]
    if "tag_name" in query:
        found = [d for d in found if query["tag_name"] in d.tags]
    if "name" in query:
        found = [d for d in found if d.name.lower() == query["name"].lower()]
    pictures = [show(request, droplet) for droplet in found]
    return paged(request, "droplets", pictures, "tag_name", "name", "type")


async def get_droplet(request: web.Request) -> web.Response:
    """Answer GET /v2/droplets/{id}."""
    query_of(request)
    estate = request.app[ESTATE]
    droplet = droplet_of(request)
    if estate.now() < droplet.created + estate.settings.get_lag:
        raise not_found()
    return web.json_response({"droplet": show(request, droplet)})


async def delete_droplet(request: web.Request) -> web.Response:
    """Answer DELETE /v2/droplets/{id}: 204, or 422 while an event is pending."""
    estate = request.app[ESTATE]
    droplet = droplet_of(request)
    pending = max(droplet.created + estate.settings.delete_pending, droplet.locked_until)
    if estate.now() < pending:
        raise unprocessable(errors.PENDING)
    estate.remove(droplet)
    return web.Response(status=204)


async def delete_tagged(_: web.Request) -> NoReturn:
    """Refuse DELETE /v2/droplets?tag_name=: it takes along whatever somebody else tagged."""
    message = "Droplets are deleted by id; deleting all with a tag is forbidden here."
    raise Violation(message)


def droplet_of(request: web.Request) -> Droplet:
    """Return the living droplet that the path names; raise ApiError if there is none."""
    droplet_id = request.match_info["droplet_id"]
    if not droplet_id.isdigit():
        message = f"A droplet's id is a number, not {droplet_id!r}."
        raise Violation(message)
    droplet = request.app[ESTATE].droplets.get(int(droplet_id))
    if droplet is None or droplet.deleted is not None:
        raise not_found()
    return droplet


def show(request: web.Request, droplet: Droplet) -> dict[str, Any]:
    """Return the droplet as the API shows it now."""
    estate = request.app[ESTATE]
    return droplet.as_json(estate.now(), estate.settings.ip_delay)


def _link(request: web.Request, action: Action) -> dict[str, Any]:
    href = f"{request.scheme}://{request.host}/v2/actions/{action.id}"
    return {"id": action.id, "rel": action.type, "href": href}


ROUTES = (
    Route(method="POST", path="/v2/droplets", handler=create_droplets, scope="droplet:create"),
    Route(method="GET", path="/v2/droplets", handler=list_droplets, scope="droplet:read"),
    Route(method="DELETE", path="/v2/droplets", handler=delete_tagged, scope="droplet:delete"),
    Route(
        method="GET", path="/v2/droplets/{droplet_id}", handler=get_droplet, scope="droplet:read"
    ),
    Route(
        method="DELETE",
        path="/v2/droplets/{droplet_id}",
        handler=delete_droplet,
        scope="droplet:delete",
    ),
)
