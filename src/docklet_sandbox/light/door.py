"""Where clients of a light droplet knock: at a port of this machine, or in a loop without any."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Final, Protocol

from docklet_sandbox.memory_loop import running

if TYPE_CHECKING:
    from docklet_sandbox.memory_loop import MemoryLoop
    from docklet_sandbox.memory_wire import MemoryEnd

_BACKLOG: Final = 64


class Door(Protocol):
    """A port that is open."""

    async def client(self) -> Any:  # noqa: ANN401 - what asyncssh takes for a socket
        """Return the next client's connection."""
        ...

    def close(self) -> None:
        """Let nobody in any more."""
        ...


class _Port:
    """A port of this machine."""

    def __init__(self, address: str, port: int) -> None:
        self._listener = socket.create_server((address, port), backlog=_BACKLOG)
        self._listener.setblocking(False)  # noqa: FBT003 - the standard library's

    async def client(self) -> socket.socket:
        client, _ = await asyncio.get_running_loop().sock_accept(self._listener)
        return client

    def close(self) -> None:
        self._listener.close()


class _MemoryPort:
    """A port of a loop with a network of its own."""

    def __init__(self, loop: MemoryLoop, address: str, port: int) -> None:
        self._waiting: asyncio.Queue[MemoryEnd] = asyncio.Queue()
        self._listener = loop.listen((address, port), self._waiting.put_nowait)

    async def client(self) -> MemoryEnd:
        return await self._waiting.get()

    def close(self) -> None:
        self._listener.close()
        while not self._waiting.empty():
            self._waiting.get_nowait().abort()


def open_door(address: str, port: int) -> Door:
    """Open a port; raise OSError when that is not possible."""
    loop = running()
    return _Port(address, port) if loop is None else _MemoryPort(loop, address, port)
