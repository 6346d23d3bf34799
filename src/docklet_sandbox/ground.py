"""What the services stand on: Docker with a network of the sandbox's own, a process, or nothing.

With Docker everything binds to the network's gateway, so that this machine, action containers and
droplets reach the same addresses; without it, to the loopback.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from docklet_sandbox.docker import DockerError, docker, sweep
from docklet_sandbox.listen import listen
from docklet_sandbox.machines import Machines, NoMachines
from docklet_sandbox.settings import REGISTRY_LOGIN
from docklet_sandbox.state import SandboxError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiohttp.typedefs import Middleware

    from docklet_sandbox.network import Network
    from docklet_sandbox.settings import Settings

LOOPBACK = "127.0.0.1"
SSH_PORT = 22
_NO_IMAGE = "No such image"


class Kind(StrEnum):
    """The kinds of machine that a droplet can be."""

    DOCKER = "docker"
    LIGHT = "light"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The machines, and where servers bind so that the machines reach them."""

    machines: Machines
    host: str = LOOPBACK
    network: str = ""
    """Docker's name of the network; empty where there is none."""
    registry: str = ""
    """Base URL of the image registry; empty where there is none."""
    private_registry: str = ""
    """Base URL of the same registry behind a password."""


@asynccontextmanager
async def prepared(
    kind: Kind,
    sandbox_id: str,
    settings: Settings,
    ports: tuple[int, int] = (0, 0),
    ssh_port: int = SSH_PORT,
    *,
    guards: Sequence[Middleware] = (),
) -> AsyncIterator[Ground]:
    """Yield the ground for a sandbox, and take everything down again at the end.

    The ports are those of the registry and of the private registry; 0 takes any that is free.
    Light droplets answer on `ssh_port`; containers always on 22. The guards see every request to
    the registries first.
    """
    if kind is Kind.NONE:
        yield Ground(machines=NoMachines())
        return
    if kind is Kind.LIGHT:
        from docklet_sandbox.light.machines import LightMachines

        light = LightMachines(sandbox_id, port=ssh_port)
        try:
            yield Ground(machines=light)
        finally:
            await light.close()
        return
    from docklet_sandbox.network import make_network
    from docklet_sandbox.registry import start_registry

    await _check_images()
    await asyncio.to_thread(sweep, sandbox_id)
    try:
        network = await make_network(sandbox_id)
        await start_registry(network)
        async with AsyncExitStack() as stack:
            yield await _ground(network, settings, stack, ports, guards)
    finally:
        await asyncio.to_thread(sweep, sandbox_id)


async def _check_images() -> None:
    """Raise SandboxError if an image is missing, before Docker looks for it in the wide world."""
    from docklet_sandbox import droplets, registry

    try:
        await docker("image", "inspect", droplets.IMAGE, registry.IMAGE)
    except DockerError as error:
        if _NO_IMAGE not in str(error):
            raise
        message = (
            "The sandbox's images are not there. Make them with "
            "`python -m docklet_sandbox.build`, or start without any: `--machines none`."
        )
        raise SandboxError(message) from error


async def _ground(
    network: Network,
    settings: Settings,
    stack: AsyncExitStack,
    ports: tuple[int, int],
    guards: Sequence[Middleware],
) -> Ground:
    from docklet_sandbox.kept_disks import KeepingMachines
    from docklet_sandbox.registry import front_door, upstream

    doors = []
    for secret, port in zip((None, REGISTRY_LOGIN), ports, strict=True):
        door = front_door(upstream(network), lambda: settings.pull_delay, secret, guards)
        doors.append(await listen(stack, door, network.gateway, port))
    registry = doors[0].removeprefix("http://")
    machines = KeepingMachines(network, registry=registry, keep=lambda: settings.keep_disks)
    stack.push_async_callback(machines.close)
    return Ground(
        machines=machines,
        host=network.gateway,
        network=network.name,
        registry=doors[0],
        private_registry=doors[1],
    )
