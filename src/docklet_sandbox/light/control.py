"""The control API's verbs for light droplets, mounted at /light."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from docklet_sandbox.light.script import Script, parse_script

if TYPE_CHECKING:
    from docklet_sandbox.light.machine import LightMachine
    from docklet_sandbox.light.machines import LightMachines
    from docklet_sandbox.machines import Machines

_MACHINES: Final = web.AppKey("machines", object)
_NO_LIGHT: Final = "The droplets of this sandbox are not light ones: serve --machines light."


async def set_script(request: web.Request) -> web.Response:
    """Let the droplet `id`, or all that are made from now on, play a script."""
    raw = await request.json()
    droplet_id = raw.pop("id", None)
    _machines(request).perform(parse_script(raw), droplet_id)
    return web.json_response({})


async def cut(request: web.Request) -> web.Response:
    """Reset every connection to the droplet `id`; what runs there goes on."""
    (await _machine(request)).cut()
    return web.json_response({})


async def shut(request: web.Request) -> web.Response:
    """Stop the SSH server of the droplet `id`; connections that there are go on."""
    await (await _machine(request)).shut()
    return web.json_response({})


async def reopen(request: web.Request) -> web.Response:
    """Start the SSH server of the droplet `id` again."""
    (await _machine(request)).open()
    return web.json_response({})


def light_app(machines: Machines) -> web.Application:
    """Make the application of these verbs; they explain themselves when there is nothing light."""
    app = web.Application()
    app[_MACHINES] = machines
    app.router.add_put("/script", set_script)
    app.router.add_post("/cut", cut)
    app.router.add_post("/shut", shut)
    app.router.add_post("/open", reopen)
    return app


def forget(machines: Machines) -> None:
    """Let new droplets do again what they do from the start."""
    if (light := _light(machines)) is not None:
        light.perform(Script())


def _light(machines: object) -> LightMachines | None:
    """Return light machines as what they are; what they import would slow down every start."""
    from docklet_sandbox.light.machines import LightMachines

    return machines if isinstance(machines, LightMachines) else None


def _machines(request: web.Request) -> LightMachines:
    light = _light(request.app[_MACHINES])
    if light is None:
        raise TypeError(_NO_LIGHT)
    return light


async def _machine(request: web.Request) -> LightMachine:
    droplet_id = int((await request.json())["id"])
    machine = _machines(request).machine(droplet_id)
    if machine is None:
        message = f"There is no droplet {droplet_id}."
        raise ValueError(message)
    return machine
