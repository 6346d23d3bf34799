"""A proxy for any TCP service that passes bytes on as badly as it is told to.

Droplets, the forge and the registry can be put behind one. It reads nothing but the end of the
first line, so that it serves SSH, HTTP and TLS alike.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from docklet_sandbox.link import Link
from docklet_sandbox.waiting import Waiting
from docklet_sandbox.wire import GOOD, Wire

if TYPE_CHECKING:
    from collections.abc import Callable


class Proxy:
    """Listens at one address and connects to another."""

    def __init__(
        self,
        host: str,
        target: tuple[str, int],
        *,
        port: int = 0,
        otherwise: Callable[[], Wire | None] = lambda: None,
    ) -> None:
        """Prepare to listen, at any free port if it is 0.

        `otherwise` is asked for each connection what it is like, if no wire of its own waits.
        """
        self.host = host
        self.port = port
        self.target = target
        """Where new connections lead to."""
        self.connections = 0
        """How many there were."""
        self.wires = Waiting[Wire]()
        """What the next connections are like."""
        self._otherwise = otherwise
        self._server: asyncio.Server | None = None
        self._comeback: asyncio.Task[None] | None = None
        self._links: dict[Link, asyncio.Task[None]] = {}
        self._open = asyncio.Event()
        self._open.set()

    @property
    def standing(self) -> int:
        """How many connections there are now."""
        return len(self._links)

    async def listen(self) -> None:
        """Accept connections, as before the first time or after a time of refusing them."""
        if self._server is None:
            self._server = await asyncio.start_server(self._meet, self.host, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Refuse new connections, as a machine does whose service is not running."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def restart(self, seconds: float) -> None:
        """Reset all connections and refuse new ones for some seconds."""
        self.refuse()
        self.sever()
        self._comeback = asyncio.create_task(self._come_back(seconds))

    def sever(self) -> None:
        """Reset every connection that there is."""
        for link in list(self._links):
            link.reset()

    def hold(self) -> None:
        """Keep all bytes back, as a network does that has fallen apart; nobody is told."""
        self._open.clear()

    def release(self) -> None:
        """Let the bytes go that were kept back, and all that follow."""
        self._open.set()

    async def close(self) -> None:
        """End everything."""
        self.refuse()
        self.sever()
        tasks = [*self._links.values(), *([self._comeback] if self._comeback else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _come_back(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.listen()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        planned = self._otherwise()
        wire = self.wires.take(lambda _: True) or planned or GOOD
        link = Link(wire=wire, open=self._open, writers=[writer])
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs a server's coroutines in tasks
        self._links[link] = task
        try:
            await link.run(reader, self.target)
        except (OSError, asyncio.CancelledError):
            link.reset()
        finally:
            del self._links[link]
