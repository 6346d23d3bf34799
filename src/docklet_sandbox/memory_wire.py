"""Connections that lead from one place of this process to another, without any socket."""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_END = b""
"""Stands in an inbox for the other side's goodbye; no other piece is empty."""


class MemoryEnd(asyncio.Transport):
    """One end of a connection.

    What arrives is handed to the protocol in the context of whoever owns this end, so that both
    sides stay strangers to each other.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, told: Mapping[str, object], context: Context
    ) -> None:
        """Know what `get_extra_info` tells; `context` is the owner's."""
        super().__init__(told)
        self.context = context
        self.other: MemoryEnd = self
        """The other end."""
        self._loop = loop
        self._protocol: Any = None
        self._inbox: deque[bytes] = deque()
        self._paused = False
        self._called = False
        self._closing = False

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who gets what arrives."""
        assert isinstance(self._protocol, asyncio.BaseProtocol)  # noqa: S101 - by `set_protocol`
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand what arrives, and what waits already, to a protocol."""
        self._protocol = protocol
        self._wake()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Let the other end have data."""
        if data and not self._closing:
            self.other.take(bytes(data))

    def writelines(self, pieces: Any) -> None:  # noqa: ANN401 - the standard library's
        """Let the other end have several pieces of data as one."""
        self.write(b"".join(pieces))

    def can_write_eof(self) -> bool:
        """Say that half a connection is never closed here."""
        return False

    def get_write_buffer_size(self) -> int:
        """Return that nothing waits: the other end has it at once."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing: there is no buffer."""

    def pause_reading(self) -> None:
        """Leave what arrives where it is."""
        self._paused = True

    def resume_reading(self) -> None:
        """Take what arrived meanwhile."""
        self._paused = False
        self._wake()

    def is_reading(self) -> bool:
        """Tell whether what arrives is taken."""
        return not (self._paused or self._closing)

    def is_closing(self) -> bool:
        """Tell whether this end is closed, or about to be."""
        return self._closing

    def close(self) -> None:
        """Say goodbye once all that was written is read."""
        if not self._closing:
            self._lose(None)
            self.other.take(_END)

    def abort(self) -> None:
        """Break the connection off; what was not read by now never will be."""
        if not self._closing:
            self._lose(None)
            self.other.break_off()

    def break_off(self) -> None:
        """Be broken off by the other end."""
        self._lose(ConnectionResetError("Connection reset by peer"))

    def take(self, piece: bytes) -> None:
        """Have a piece arrive."""
        if not self._closing:
            self._inbox.append(piece)
            self._wake()

    def _wake(self) -> None:
        if self._inbox and not (self._called or self._paused) and self._protocol is not None:
            self._called = True
            self._loop.call_soon(self._read, context=self.context)

    def _read(self) -> None:
        self._called = False
        if self._closing or self._paused:
            return
        pieces = list(self._inbox)
        self._inbox.clear()
        if data := b"".join(pieces):
            self._protocol.data_received(data)
        if pieces and not pieces[-1] and not self._protocol.eof_received():
            self.close()

    def _lose(self, error: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            if self._protocol is not None:
                self._loop.call_soon(self._protocol.connection_lost, error, context=self.context)


def connection(
    loop: asyncio.AbstractEventLoop, address: tuple[str, int], owner: Context, **told: object
) -> tuple[MemoryEnd, MemoryEnd]:
    """Return the ends for whoever connects, in the running context, and for who owns `address`."""
    mine: dict[str, object] = {"sockname": ("127.0.0.1", 50000), "peername": address, **told}
    theirs: dict[str, object] = {"sockname": address, "peername": mine["sockname"], **told}
    near, far = MemoryEnd(loop, mine, copy_context()), MemoryEnd(loop, theirs, owner)
    near.other, far.other = far, near
    return near, far
