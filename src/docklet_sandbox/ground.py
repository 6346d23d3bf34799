"""What the services stand on: Docker with a network of the sandbox's own, or nothing at all.

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
    from collections.abc import AsyncIterator

    from docklet_sandbox.network import Network
    from docklet_sandbox.settings import Settings

LOOPBACK = "127.0.0.1"
_NO_IMAGE = "No such image"


class Kind(StrEnum):
    """The kinds of machine that a droplet can be."""

    DOCKER = "docker"
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
    kind: Kind, sandbox_id: str, settings: Settings, ports: tuple[int, int] = (0, 0)
) -> AsyncIterator[Ground]:
    """Yield the ground for a sandbox, and take everything down again at the end.

    The ports are those of the registry and of the private registry; 0 takes any that is free.
    """
    if kind is Kind.NONE:
        yield Ground(machines=NoMachines())
        return
    from docklet_sandbox.network import make_network
    from docklet_sandbox.registry import start_registry

    await _check_images()
    await asyncio.to_thread(sweep, sandbox_id)
    try:
        network = await make_network(sandbox_id)
        await start_registry(network)
        async with AsyncExitStack() as stack:
            yield await _ground(network, settings, stack, ports)
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
    network: Network, settings: Settings, stack: AsyncExitStack, ports: tuple[int, int]
) -> Ground:
    from docklet_sandbox.droplets import DockerMachines
    from docklet_sandbox.registry import front_door

    doors = [
        await listen(stack, front_door(network, lambda: settings.pull_delay, secret), host, port)
        for secret, host, port in (
            (None, network.gateway, ports[0]),
            (REGISTRY_LOGIN, network.gateway, ports[1]),
        )
    ]
    machines = DockerMachines(network, registry=doors[0].removeprefix("http://"))
    stack.push_async_callback(machines.close)
    return Ground(
        machines=machines,
        host=network.gateway,
        network=network.name,
        registry=doors[0],
        private_registry=doors[1],
    )
