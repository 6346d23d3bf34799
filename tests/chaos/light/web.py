"""HTTP connections of `requests`, under pydo and PyGithub alike, through a loop's own network."""

from __future__ import annotations

import asyncio
import io
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from requests import sessions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from docklet_sandbox.memory_loop import MemoryLoop
from tests.chaos.light.baton import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.memory_wire import MemoryEnd


class _Inbox(asyncio.Protocol):
    """What arrived for a client."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ended = False
        self.error: Exception | None = None
        self.changed: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        self.data += data
        self._tell()

    def eof_received(self) -> bool:
        self.ended = True
        self._tell()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended, self.error = True, exc
        self._tell()

    def _tell(self) -> None:
        if self.changed is not None and not self.changed.done():
            self.changed.set_result(None)


class MemorySocket(io.RawIOBase):
    """As much of a socket as `http.client` and urllib3 use."""

    def __init__(self, end: MemoryEnd, timeout: float | None) -> None:
        """Be the client's end of a connection."""
        self._end = end
        self._inbox = _Inbox()
        self._timeout = timeout
        end.set_protocol(self._inbox)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing arrived, the end neither."""
        return not (self._inbox.data or self._inbox.ended)

    def readable(self) -> bool:
        """Say that it can be read from."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any buffer
        """Read what is there, or wait for it."""
        inbox = self._inbox
        if self.is_quiet:
            wait_for(self._arrival)
        if inbox.error is not None and not inbox.data:
            raise inbox.error
        size = min(len(buffer), len(inbox.data))
        buffer[:size] = inbox.data[:size]
        del inbox.data[:size]
        return size

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        """Return what `http.client` reads an answer from; closing it closes nothing."""
        return io.BufferedReader(_Reader(self))

    def sendall(self, data: Any) -> None:  # noqa: ANN401 - any buffer
        """Send."""
        if self._inbox.error is not None:
            raise self._inbox.error
        self._end.write(data)

    def settimeout(self, timeout: float | None) -> None:
        """Set for how many seconds of silence a read waits."""
        self._timeout = timeout

    def close(self) -> None:
        """Hang up."""
        self._end.close()
        super().close()

    async def _arrival(self) -> None:
        self._inbox.changed = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(self._timeout):
            await self._inbox.changed


class _Reader(io.RawIOBase):
    """A socket's file."""

    def __init__(self, source: MemorySocket) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any buffer
        return self._source.readinto(buffer)


class _Connection(HTTPConnection):
    """Connects without a socket."""

    def connect(self) -> None:
        """Connect to whoever listens in the loop."""
        timeout = self.timeout if isinstance(self.timeout, int | float) else None
        try:
            end = wait_for(partial(_connected, self.host, self.port))
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error
        self.sock = MemorySocket(end, timeout)
        self.is_verified = True

    @property
    def is_connected(self) -> bool:
        """Whether the connection can be used again."""
        return isinstance(self.sock, MemorySocket) and self.sock.is_quiet


async def _connected(host: str, port: int) -> MemoryEnd:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, MemoryLoop)
    return loop.connect((host, port))


@contextmanager
def wires_in_memory() -> Iterator[None]:
    """Let urllib3 connect within the running loop."""
    kinds: tuple[Any, Any] = HTTPConnection, HTTPSConnection
    before = [(kind, vars(kind).get("connect"), vars(kind).get("is_connected")) for kind in kinds]
    for kind in kinds:
        kind.connect = _Connection.connect
        kind.is_connected = _Connection.is_connected
    proxies = vars(sessions)["get_environ_proxies"]
    vars(sessions)["get_environ_proxies"] = lambda *_, **__: {}  # a long look at each variable
    try:
        yield
    finally:
        vars(sessions)["get_environ_proxies"] = proxies
        for kind, connect, is_connected in before:
            kind.connect = connect
            if is_connected is None:
                del kind.is_connected
            else:
                kind.is_connected = is_connected
