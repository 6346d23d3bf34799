"""The part of the control API that breaks things: requests, droplets, connections."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from docklet_sandbox.cloud.fate import parse_fate
from docklet_sandbox.desk import DESK
from docklet_sandbox.faults import parse_fault
from docklet_sandbox.schedule import parse_schedule
from docklet_sandbox.wire import parse_wire

if TYPE_CHECKING:
    from docklet_sandbox.proxy import Proxy

routes = web.RouteTableDef()
_MACHINE_VERBS = ("reboot", "power_off", "power_on", "pause", "resume", "partition", "heal")
_PROXY_VERBS = ("sever", "hold", "release", "refuse")


@routes.get("/faults")
async def show_faults(request: web.Request) -> web.Response:
    """Answer with the queued faults that did not strike yet."""
    return web.json_response([asdict(fault) for fault in request.app[DESK].faults.pending()])


@routes.post("/faults")
async def add_fault(request: web.Request) -> web.Response:
    """Queue a fault for requests."""
    fault = parse_fault(await request.json())
    request.app[DESK].faults.add(fault)
    return web.json_response(asdict(fault))


@routes.delete("/faults")
async def clear_faults(request: web.Request) -> web.Response:
    """Forget what did not go wrong yet: faults, fates, wires of droplets, and the schedule."""
    desk = request.app[DESK]
    desk.follow(None)
    desk.faults.clear()
    desk.estate.fates.clear()
    desk.proxies.wires.clear()
    return web.json_response({})


@routes.get("/fates")
async def show_fates(request: web.Request) -> web.Response:
    """Answer with the queued fates that still wait for a droplet."""
    fates = request.app[DESK].estate.fates
    return web.json_response([asdict(fate) for fate in fates.pending()])


@routes.post("/fates")
async def add_fate(request: web.Request) -> web.Response:
    """Queue a fate for droplets that are yet to be created."""
    fate = parse_fate(await request.json())
    request.app[DESK].estate.fates.add(fate)
    return web.json_response(asdict(fate))


@routes.get("/schedule")
async def show_story(request: web.Request) -> web.Response:
    """Answer with what the schedule let happen so far."""
    schedule = request.app[DESK].schedule
    return web.json_response([] if schedule is None else schedule.story())


@routes.post("/schedule")
async def set_schedule(request: web.Request) -> web.Response:
    """Let things go wrong by seed from now on, and begin to count anew."""
    request.app[DESK].follow(parse_schedule(await request.json()))
    return web.json_response({})


@routes.delete("/schedule")
async def stop_schedule(request: web.Request) -> web.Response:
    """Let nothing more go wrong by seed."""
    request.app[DESK].follow(None)
    return web.json_response({})


@routes.post("/vanish")
async def vanish(request: web.Request) -> web.Response:
    """Take a droplet away as if somebody else had deleted it."""
    estate = request.app[DESK].estate
    estate.remove(estate.droplets[int((await request.json())["id"])])
    return web.json_response({})


@routes.post("/droplets/{id}/{verb}")
async def treat(request: web.Request) -> web.Response:
    """Do something to a droplet's machine, of which the API says nothing."""
    estate = request.app[DESK].estate
    droplet = estate.droplets[int(request.match_info["id"])]
    verb = _one_of(_MACHINE_VERBS, request.match_info["verb"])
    await getattr(estate.machines, verb)(droplet.id)
    return web.json_response({})


@routes.get("/proxies")
async def show_proxies(request: web.Request) -> web.Response:
    """Answer with every byte proxy, by name."""
    proxies = request.app[DESK].proxies.items()
    return web.json_response({name: _picture(proxy) for name, proxy in proxies})


@routes.post("/proxies")
async def open_proxy(request: web.Request) -> web.Response:
    """Put a byte proxy before `HOST:PORT`, which is its name from then on."""
    to = (await request.json())["to"]
    host, _, port = to.rpartition(":")
    proxy = await request.app[DESK].proxies.open(to, (host, int(port)))
    return web.json_response(_picture(proxy))


@routes.post("/wires")
async def add_droplet_wire(request: web.Request) -> web.Response:
    """Queue what is wrong with the next connections to droplets behind proxies."""
    wire = parse_wire(await request.json())
    request.app[DESK].proxies.wires.add(wire)
    return web.json_response(asdict(wire))


@routes.post("/proxies/{name}/wires")
async def add_wire(request: web.Request) -> web.Response:
    """Queue what is wrong with a proxy's next connections."""
    wire = parse_wire(await request.json())
    _proxy(request).wires.add(wire)
    return web.json_response(asdict(wire))


@routes.delete("/proxies/{name}/wires")
async def clear_wires(request: web.Request) -> web.Response:
    """Let a proxy's next connections be good ones."""
    _proxy(request).wires.clear()
    return web.json_response({})


@routes.post("/proxies/{name}/target")
async def retarget(request: web.Request) -> web.Response:
    """Lead a proxy's next connections elsewhere: to a machine with another host key, say."""
    host, _, port = (await request.json())["to"].rpartition(":")
    _proxy(request).target = (host, int(port))
    return web.json_response({})


@routes.post("/proxies/{name}/{verb}")
async def treat_proxy(request: web.Request) -> web.Response:
    """Do something to all of a proxy's connections."""
    proxy, verb = _proxy(request), request.match_info["verb"]
    if verb == "listen":
        await proxy.listen()
    elif verb == "restart":
        proxy.restart(float((await request.json())["seconds"]))
    else:
        getattr(proxy, _one_of(_PROXY_VERBS, verb))()
    return web.json_response(_picture(proxy))


def _proxy(request: web.Request) -> Proxy:
    return request.app[DESK].proxies[request.match_info["name"]]


def _one_of(words: tuple[str, ...], word: str) -> str:
    if word not in words:
        message = f"There is no {word!r}; there are {', '.join(words)}."
        raise ValueError(message)
    return word


def _picture(proxy: Proxy) -> dict[str, Any]:
    return {
        "address": f"{proxy.host}:{proxy.port}",
        "target": "{}:{}".format(*proxy.target),
        "connections": proxy.connections,
        "standing": proxy.standing,
        "pending": [asdict(wire) for wire in proxy.wires.pending()],
    }
