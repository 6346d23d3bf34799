"""The image registry: Debian's docker-registry in a container, and a front door to it.

Droplets come in by the front door, which can hold them back, ask for a password and have faults
(service `registry`), and are sent on to the registry itself for everything that weighs something.
Nothing outlives a sandbox: what every registry starts with is a layer of its image, what is pushed
later goes with it.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import TYPE_CHECKING, NoReturn

from aiohttp import web

from docklet_sandbox.docker import LABEL, DockerError, docker
from docklet_sandbox.network import Network, network_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiohttp.typedefs import Middleware

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


def upstream(network: Network) -> str:
    """Return the base URL of a network's registry itself."""
    return f"http://{network.registry}:{_PORT}"


def front_door(
    registry: str,
    delay: Callable[[], float],
    credentials: tuple[str, str] | None = None,
    guards: Sequence[Middleware] = (),
) -> web.Application:
    """Make the application that droplets pull through, for everybody or for one user only.

    Whoever asks what is behind a tag waits for `delay()` seconds, which happens once in a pull.
    """

    async def greet(request: web.Request) -> web.Response:
        _check(request, credentials)
        return web.json_response({})

    async def lead_on(request: web.Request) -> NoReturn:
        _check(request, credentials)
        if not request.match_info.get("reference", "sha256:").startswith("sha256:"):
            await asyncio.sleep(delay())
        raise web.HTTPTemporaryRedirect(registry + request.path_qs)

    app = web.Application(middlewares=guards)
    app.router.add_get("/v2/", greet)
    app.router.add_get("/v2/{name:.+}/manifests/{reference}", lead_on)
    app.router.add_get("/v2/{name:.+}/blobs/{digest}", lead_on)
    app.router.add_get("/v2/{rest:.+}", lead_on)
    return app


def _check(request: web.Request, credentials: tuple[str, str] | None) -> None:
    if credentials is None:
        return
    expected = "Basic " + b64encode(":".join(credentials).encode()).decode()
    if request.headers.get("Authorization") != expected:
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="docklet sandbox"'})


def _container(sandbox_id: str) -> str:
    return f"{network_name(sandbox_id)}-registry"
