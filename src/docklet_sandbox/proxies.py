"""All byte proxies of a sandbox, by name, and droplets that are reached through one.

A proxy for a droplet listens on a loopback address of its own, which the API shows as the
droplet's: from this machine, and from containers in its network, SSH goes through the proxy.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from errno import EADDRINUSE
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from docklet_sandbox.proxy import Proxy
from docklet_sandbox.state import SandboxError
from docklet_sandbox.waiting import Waiting
from docklet_sandbox.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from docklet_sandbox.schedule import Schedule

_LOOPBACK = "127.0.0.1"
_OWN = list(IPv4Network("127.32.0.0/11").subnets(new_prefix=22))
"""Every address of them is this machine's; each sandbox takes one, for a thousand droplets."""
_TRIES = 100
"""Networks that other sandboxes may have taken before one is free."""
_FORBIDDEN = "No proxy can listen on port {port} ({error}). Run the sandbox as root for that."
_TAKEN = (
    "No proxy can listen on port {port}: another program, such as this machine's own sshd, has it"
    " on every address."
)


class Proxies:
    """The proxies that are open."""

    def __init__(self) -> None:
        """Start with none."""
        self.schedule: Schedule | None = None
        self.wires = Waiting[Wire]()
        """What the next connections to droplets behind proxies are like, whichever they are."""
        self._by_name: dict[str, Proxy] = {}
        self._claim: socket.socket | None = None
        self._free: deque[str] = deque()
        self._droplets = 0

    def __getitem__(self, name: str) -> Proxy:
        """Return a proxy; raise KeyError for an unknown one."""
        if name not in self._by_name:
            message = (
                f"There is no proxy {name!r}; there are {', '.join(self._by_name) or 'none'}."
            )
            raise KeyError(message)
        return self._by_name[name]

    def get(self, name: str) -> Proxy | None:
        """Return a proxy, if there is one of this name."""
        return self._by_name.get(name)

    def items(self) -> list[tuple[str, Proxy]]:
        """Return names and proxies, the oldest first."""
        return list(self._by_name.items())

    async def open(self, name: str, target: tuple[str, int]) -> Proxy:
        """Put a proxy before a service, on any port of the loopback; return it if it is there."""
        if name not in self._by_name:
            await self._listen(name, Proxy(_LOOPBACK, target, otherwise=self._plan(name)))
        return self[name]

    async def front(
        self, droplet_id: int, target: tuple[str, int], *, refused: float = 0.0
    ) -> None:
        """Put a proxy before a droplet's sshd, on an address of its own and on the same port.

        Connections are refused for `refused` seconds first.
        """
        self._droplets += 1
        place = f"droplet {self._droplets}"  # ids differ between two runs of one story
        host = self._address(target[1])
        proxy = Proxy(host, target, port=target[1], otherwise=self._plan(place, self.wires))
        await self._listen(str(droplet_id), proxy)
        if refused:
            proxy.restart(refused)

    async def close(self, name: str) -> None:
        """Close a proxy, if there is one of this name."""
        proxy = self._by_name.pop(name, None)
        if proxy is not None:
            await proxy.close()
            if proxy.host != _LOOPBACK:
                self._free.append(proxy.host)

    async def clear(self) -> None:
        """Close all proxies, and begin to count droplets anew."""
        for name in list(self._by_name):
            await self.close(name)
        self._droplets = 0
        self.schedule = None
        self.wires.clear()
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def _address(self, port: int) -> str:
        """Return an address that no other droplet has, of this sandbox or another."""
        if self._claim is None:
            self._claim, block = _claimed(port)
            self._free = deque(map(str, list(block.hosts())[1:]))
        return self._free.popleft()

    async def _listen(self, name: str, proxy: Proxy) -> None:
        await proxy.listen()
        self._by_name[name] = proxy

    def _plan(self, place: str, wires: Waiting[Wire] | None = None) -> Callable[[], Wire | None]:
        """Return what a proxy asks for each connection that it has no wire of its own for."""

        def plan() -> Wire | None:
            planned = self.schedule.wire(place) if self.schedule else None
            return (wires.take(lambda _: True) if wires else None) or planned

        return plan


def _claimed(port: int) -> tuple[socket.socket, IPv4Network]:
    """Return a network that no other sandbox has, and the socket that keeps it ours."""
    start = os.getpid() % len(_OWN)
    for network in (_OWN[start:] + _OWN[:start])[:_TRIES]:
        claim = socket.socket()
        try:
            claim.bind((str(network[1]), port))
        except OSError as error:
            claim.close()
            if error.errno != EADDRINUSE:
                raise SandboxError(_FORBIDDEN.format(port=port, error=error)) from error
        else:
            return claim, network
    raise SandboxError(_TAKEN.format(port=port))
