"""The sandbox's own API, over plain HTTP on the loopback: look at everything, break anything.

Tests and the `status`, `inventory` and `journal` commands speak it; no service under test does.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from docklet_sandbox import fault_control
from docklet_sandbox.cloud.droplet import timestamp
from docklet_sandbox.desk import DESK, Desk
from docklet_sandbox.forge import control as forge_control
from docklet_sandbox.fronted import bare
from docklet_sandbox.light.control import forget, light_app

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from docklet_sandbox.cloud.droplet import Droplet
    from docklet_sandbox.cloud.estate import Estate


async def show_inventory(request: web.Request) -> web.Response:
    """Answer with all that exists now, once machines that were given back are gone."""
    estate = request.app[DESK].estate
    await estate.settle()
    return web.json_response(
        {
            "droplets": [_picture(estate, d) for d in estate.living()],
            "tags": list(estate.tags.values()),
            "keys": list(estate.keys.values()),
            "firewalls": list(estate.firewalls.values()),
            "images": list(estate.images.values()),
        }
    )


async def show_history(request: web.Request) -> web.Response:
    """Answer with every droplet that ever was, its user_data and what it cost."""
    estate = request.app[DESK].estate
    now = estate.now()
    droplets = [
        _picture(estate, d)
        | {
            "user_data": d.order.user_data,
            "openings": None if d.openings is None else list(d.openings),
            "deleted": d.deleted,
            "seconds": (d.deleted or now) - d.created,
            "dollars": d.cost(now),
        }
        for d in estate.droplets.values()
    ]
    return web.json_response(droplets)


async def add_image(request: web.Request) -> web.Response:
    """Give the account a snapshot of a public image."""
    estate = request.app[DESK].estate
    source = next(iter(estate.catalog.images.values()))
    name = (await request.json())["name"]
    return web.json_response(estate.snapshot(name, source, list(estate.catalog.regions)))


async def show_journal(request: web.Request) -> web.Response:
    """Answer with the requests so far, of one service or of all."""
    return web.json_response(request.app[DESK].journal.entries(request.query.get("service")))


async def show_violations(request: web.Request) -> web.Response:
    """Answer with what no correct client would have sent."""
    return web.json_response(request.app[DESK].journal.violations())


async def show_settings(request: web.Request) -> web.Response:
    """Answer with every knob."""
    return web.json_response(asdict(request.app[DESK].settings))


async def change_settings(request: web.Request) -> web.Response:
    """Turn the knobs named."""
    request.app[DESK].settings.patch(await request.json())
    return await show_settings(request)


async def reset(request: web.Request) -> web.Response:
    """Make the sandbox as it was when it started."""
    desk = request.app[DESK]
    await desk.reset()
    forget(bare(desk.estate.machines))
    return web.json_response({})


@web.middleware
async def _explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a mistake of the test's author with what it was."""
    try:
        return await handler(request)
    except (ValueError, TypeError, KeyError) as error:
        return web.json_response({"message": f"{type(error).__name__}: {error}"}, status=400)


def control_app(desk: Desk) -> web.Application:
    """Make the control application; the forge's own verbs are mounted at /forge."""
    app = web.Application(middlewares=[_explain])
    app[DESK] = desk
    app.router.add_get("/inventory", show_inventory)
    app.router.add_get("/history", show_history)
    app.router.add_post("/images", add_image)
    app.router.add_get("/journal", show_journal)
    app.router.add_get("/violations", show_violations)
    app.router.add_get("/settings", show_settings)
    app.router.add_patch("/settings", change_settings)
    app.router.add_post("/reset", reset)
    app.add_routes(fault_control.routes)
    app.add_subapp("/light", light_app(bare(desk.estate.machines)))
    app.add_subapp("/forge", forge_control.control_app(desk.forge))
    return app


def _picture(estate: Estate, droplet: Droplet) -> dict[str, Any]:
    return {
        "id": droplet.id,
        "name": droplet.name,
        "status": droplet.status(estate.now()),
        "tags": list(droplet.tags),
        "size": droplet.order.size["slug"],
        "region": droplet.order.region["slug"],
        "image": droplet.order.image["slug"] or droplet.order.image["name"],
        "address": droplet.address,
        "created_at": timestamp(droplet.created),
    }
