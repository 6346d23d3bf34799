"""The image registry: Debian's docker-registry in a container, and a front door to it.

Droplets come in by the front door, which can hold them back and can ask for a password, and are
sent on to the registry itself for everything that weighs something. Nothing outlives a sandbox:
what every registry starts with is a layer of its image, what is pushed later goes with it.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import TYPE_CHECKING

from aiohttp import web

from docklet_sandbox.docker import LABEL, DockerError, docker
from docklet_sandbox.network import Network, network_name

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = "docklet-sandbox/registry:latest"
_PORT = 5000
_START_SECONDS = 10.0
_STEP = 0.05


async def start_registry(network: Network) -> None:
    """Start the registry of a sandbox, and return once it answers.

    It is published on the loopback too, where Docker accepts a registry without TLS.
    """
    await docker(
        "run",
        "--detach",
        f"--name={_container(network.sandbox_id)}",
        f"--label={LABEL}={network.sandbox_id}",
        f"--network={network.name}",
        f"--ip={network.registry}",
        f"--publish=127.0.0.1::{_PORT}",
        IMAGE,
    )
    await await_answer(network.registry)


async def push(sandbox_id: str, image: str, name: str) -> None:
    """Push a local image to a running sandbox's registry under a name that droplets pull.

    A name of one word needs `library/` before it, as in `library/ubuntu`.
    """
    await push_to(_container(sandbox_id), image, name)


async def push_to(container: str, image: str, name: str) -> None:
    """Push a local image to the registry in a container."""
    address = await docker("port", container, f"{_PORT}/tcp")
    tag = f"{address.splitlines()[0]}/{name}"
    await docker("tag", image, tag)
    try:
        await docker("push", "--quiet", tag)
    finally:
        await docker("rmi", "--no-prune", tag)


async def await_answer(host: str) -> None:
    """Wait until a registry accepts connections; raise DockerError if it does not in time."""
    for _ in range(int(_START_SECONDS / _STEP)):
        try:
            _, writer = await asyncio.open_connection(host, _PORT)
        except OSError:
            await asyncio.sleep(_STEP)
        else:
            writer.close()
            return
    message = f"The registry does not answer at {host}:{_PORT} after {_START_SECONDS:.0f} s."
    raise DockerError(message)


def front_door(
    network: Network, delay: Callable[[], float], credentials: tuple[str, str] | None = None
) -> web.Application:
    """Make the application that droplets pull through, for everybody or for one user only.

    Whoever asks what is behind a tag waits for `delay()` seconds, which happens once in a pull.
    """
    registry = f"http://{network.registry}:{_PORT}"

    async def answer(request: web.Request) -> web.Response:
        if credentials is not None:
            _check(request, *credentials)
        if request.path == "/v2/":
            return web.json_response({})
        if "/manifests/" in request.path and "/manifests/sha256:" not in request.path:
            await asyncio.sleep(delay())
        there = registry + request.path_qs
        raise web.HTTPTemporaryRedirect(there)

    app = web.Application()
    app.router.add_get("/v2/{rest:.*}", answer)
    return app


def _check(request: web.Request, user: str, password: str) -> None:
    expected = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
    if request.headers.get("Authorization") != expected:
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="docklet sandbox"'})


def _container(sandbox_id: str) -> str:
    return f"{network_name(sandbox_id)}-registry"
