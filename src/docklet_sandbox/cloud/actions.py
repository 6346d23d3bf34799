"""Routes for what happens to droplets: power, reboot, snapshot, rename."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from docklet_sandbox.cloud import errors
from docklet_sandbox.cloud.droplets import droplet_of
from docklet_sandbox.cloud.errors import not_found, unprocessable
from docklet_sandbox.cloud.gate import ESTATE, Route, need
from docklet_sandbox.cloud.order import check_name
from docklet_sandbox.cloud.pages import paged
from docklet_sandbox.cloud.shape import body_of, query_of, text
from docklet_sandbox.journal import Violation

if TYPE_CHECKING:
    from docklet_sandbox.cloud.droplet import Droplet
    from docklet_sandbox.cloud.estate import Estate
    from docklet_sandbox.cloud.event import Action


async def act(request: web.Request) -> web.Response:
    """Answer POST /v2/droplets/{id}/actions: one at a time, 422 while the droplet is locked."""
    estate = request.app[ESTATE]
    droplet = droplet_of(request)
    body = await body_of(request, {"type": text, "name": text}, ("type",))
    if body["type"] == "snapshot":
        need(request, "image:create")
    now = estate.now()
    if now < max(droplet.active_at, droplet.locked_until):
        raise unprocessable(errors.PENDING)
    _carry_out(estate, droplet, body["type"], body.get("name", ""))
    droplet.locked_until = now + estate.settings.action_delay
    action = estate.note(body["type"], droplet, ends=droplet.locked_until)
    return web.json_response({"action": action.as_json(now)}, status=201)


async def list_actions(request: web.Request) -> web.Response:
    """Answer GET /v2/actions, newest first."""
    return _list(request, list(request.app[ESTATE].actions.values()))


async def list_droplet_actions(request: web.Request) -> web.Response:
    """Answer GET /v2/droplets/{id}/actions, newest first."""
    droplet = droplet_of(request)
    every = request.app[ESTATE].actions.values()
    return _list(request, [a for a in every if a.droplet is droplet])


async def get_action(request: web.Request) -> web.Response:
    """Answer GET /v2/actions/{id}, also when asked for below its droplet."""
    query_of(request)
    estate = request.app[ESTATE]
    raw = request.match_info["action_id"]
    action = estate.actions.get(int(raw)) if raw.isdigit() else None
    droplet_id = request.match_info.get("droplet_id")
    if action is None or droplet_id not in {None, str(action.droplet.id)}:
        raise not_found()
    return web.json_response({"action": action.as_json(estate.now())})


def _list(request: web.Request, actions: list[Action]) -> web.Response:
    now = request.app[ESTATE].now()
    return paged(request, "actions", [a.as_json(now) for a in reversed(actions)])


def _carry_out(estate: Estate, droplet: Droplet, kind: str, name: str) -> None:
    match kind:
        case "power_off" | "shutdown":
            droplet.powered = False
            estate.behind(estate.machines.power_off(droplet.id))
        case "power_on":
            droplet.powered = True
            estate.behind(estate.machines.power_on(droplet.id))
        case "reboot" | "power_cycle":
            estate.behind(estate.machines.reboot(droplet.id))
        case "snapshot":
            name = name or f"{droplet.name}-{int(estate.now())}"
            image = estate.snapshot(name, droplet.order.image, [droplet.order.region["slug"]])
            droplet.snapshot_ids.append(image["id"])
        case "rename":
            check_name(name)
            droplet.name = name
        case _:
            message = f"The sandbox has no droplet action {kind!r}."
            raise Violation(message)


ROUTES = (
    Route(method="GET", path="/v2/actions", handler=list_actions, scope="actions:read"),
    Route(method="GET", path="/v2/actions/{action_id}", handler=get_action, scope="actions:read"),
    Route(
        method="POST",
        path="/v2/droplets/{droplet_id}/actions",
        handler=act,
        scope="droplet:update",
    ),
    Route(
        method="GET",
        path="/v2/droplets/{droplet_id}/actions",
        handler=list_droplet_actions,
        scope="droplet:read",
    ),
    Route(
        method="GET",
        path="/v2/droplets/{droplet_id}/actions/{action_id}",
        handler=get_action,
        scope="droplet:read",
    ),
)
