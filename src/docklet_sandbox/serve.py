"""Start everything, say where it is, wait to be stopped, take everything down."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from docklet_sandbox.cloud.app import cloud_app
from docklet_sandbox.cloud.estate import Estate
from docklet_sandbox.contract.contract import Contract
from docklet_sandbox.contract.places import find_folder
from docklet_sandbox.control import control_app
from docklet_sandbox.desk import Desk
from docklet_sandbox.edge import edge
from docklet_sandbox.faults import Faults
from docklet_sandbox.forge.app import forge_app
from docklet_sandbox.forge.store import PERSONAL_TOKEN, WORKFLOW_TOKEN, Forge
from docklet_sandbox.fronted import FrontedMachines
from docklet_sandbox.ground import LOOPBACK, SSH_PORT, Ground, Kind, prepared
from docklet_sandbox.journal import Journal
from docklet_sandbox.listen import listen
from docklet_sandbox.proxies import Proxies
from docklet_sandbox.settings import CLOUD_TOKEN, REGISTRY_LOGIN, Settings
from docklet_sandbox.state import Addresses, State
from docklet_sandbox.tls import BUNDLE, CA, serve_context
from docklet_sandbox.virtual_time import now

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from pathlib import Path

T = TypeVar("T")
_CLOUD, _FORGE, _REGISTRY, _CONTROL, _PRIVATE_REGISTRY = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a sandbox is started."""

    state: State
    kind: Kind = Kind.DOCKER
    port_base: int = 0
    """The first of five ports (cloud, forge, registry, control, private registry), or 0: any."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The knobs that differ from their defaults."""
    ssh_port: int = SSH_PORT
    """Where light droplets answer."""
    specs: Path | None = None
    """The folder of official API descriptions; None looks where they usually are."""

    def port(self, offset: int) -> int:
        """Return the port of one server; 0 lets the system choose."""
        return self.port_base + offset if self.port_base else 0


async def serve(options: Options, ready: Callable[[Addresses], None]) -> None:
    """Run a sandbox until SIGINT or SIGTERM; call `ready` once everything answers."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with options.state.claim(options.kind):
        async with AsyncExitStack() as stack:
            started = await _unless(stop, start(options, stack))
            if started is None:
                return
            _, addresses = started
            options.state.publish(addresses)
            stack.callback(options.state.retire)
            ready(addresses)
            await stop.wait()


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what the work does; give it up, and return None, when told to stop."""
    begun, told = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({begun, told}, return_when=asyncio.FIRST_COMPLETED)
    if told.cancel():
        return await begun
    begun.cancel()
    with suppress(asyncio.CancelledError):
        await begun
    return None


async def start(options: Options, stack: AsyncExitStack) -> tuple[Desk, Addresses]:
    """Start ground, cloud, forge and control, each of which the stack takes down again."""
    settings = Settings()
    settings.patch(options.settings)
    journal = Journal(options.state.logs / "journal.jsonl")
    stack.callback(journal.close)
    faults, proxies = Faults(), Proxies()
    guard = edge("registry", journal=journal, faults=faults, delay=lambda: 0.0)
    ports = (options.port(_REGISTRY), options.port(_PRIVATE_REGISTRY))
    ground = await stack.enter_async_context(
        prepared(options.kind, options.state.id, settings, ports, options.ssh_port, guards=[guard])
    )
    stack.push_async_callback(proxies.clear)
    machines = FrontedMachines(ground.machines, proxies, settings, port=options.ssh_port)
    estate = Estate(settings=settings, machines=machines, now=now)
    desk = Desk(
        cloud=cloud_app(
            estate,
            journal=journal,
            faults=faults,
            contract=Contract.of("cloud", find_folder(options.specs)),
        ),
        forge=Forge(root=options.state.git, clock=now),
        journal=journal,
        faults=faults,
        settings=settings,
        start=options.settings,
        proxies=proxies,
    )
    opened = await _open(options, stack, desk, ground.host)
    return desk, _addresses(options, ground, desk, *opened)


async def _open(options: Options, stack: AsyncExitStack, desk: Desk, host: str) -> tuple[str, str]:
    """Open cloud, forge and control; return the addresses of the first and the last."""
    context = serve_context(options.state.root, host, LOOPBACK, "localhost")
    cloud = await listen(stack, desk.cloud, host, options.port(_CLOUD), context)
    guard = edge(
        "forge",
        journal=desk.journal,
        faults=desk.faults,
        delay=lambda: desk.settings.api_delay,
        contract=Contract.of("forge", find_folder(options.specs)),
    )
    forge = forge_app(desk.forge, [guard])
    desk.forge.server_url = await listen(stack, forge, host, options.port(_FORGE))
    control = await listen(stack, control_app(desk), LOOPBACK, options.port(_CONTROL))
    return cloud, control


def _addresses(
    options: Options, ground: Ground, desk: Desk, cloud: str, control: str
) -> Addresses:
    state = options.state
    return Addresses(
        id=state.id,
        pid=os.getpid(),
        machines=options.kind,
        state=str(state.root),
        cloud=cloud,
        forge=desk.forge.server_url,
        forge_api=desk.forge.api_url,
        network=ground.network,
        registry=ground.registry,
        private_registry=ground.private_registry,
        registry_username=REGISTRY_LOGIN[0],
        registry_password=REGISTRY_LOGIN[1],
        control=control,
        ca=str(state.root / CA),
        bundle=str(state.root / BUNDLE),
        cloud_token=CLOUD_TOKEN,
        forge_token=PERSONAL_TOKEN,
        workflow_token=WORKFLOW_TOKEN,
    )
