"""One connection through a byte proxy: bytes in, bytes out, and what its wire makes of them."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from docklet_sandbox.wire import Wire

_PIECE = 65536
_RESET = struct.pack("ii", 1, 0)
"""Linger for no time: the end of a connection is a reset, and what was not sent is lost."""


@dataclass(slots=True, kw_only=True, eq=False)
class Link:
    """One connection, from a client to the target and back."""

    wire: Wire
    open: asyncio.Event
    writers: list[asyncio.StreamWriter]
    """To the client, and to the target."""
    came: int = 0
    """Bytes from the target that were passed on."""
    silent: bool = False

    async def run(self, reader: asyncio.StreamReader, target: tuple[str, int]) -> None:
        """Pass bytes on until both sides have said all."""
        await self.open.wait()
        far_reader, far_writer = await asyncio.open_connection(*target)
        self.writers.append(far_writer)
        self._end_if_due()
        await asyncio.gather(
            self._pump(reader, far_writer, self._pass),
            self._pump(far_reader, self.writers[0], self._pass_down),
        )
        for writer in self.writers:
            writer.close()

    def reset(self) -> None:
        """End both sides at once, with a reset."""
        for writer in self.writers:
            with suppress(OSError):  # the other side may have been quicker
                found = writer.get_extra_info("socket")
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handle: Callable[[bytes, asyncio.StreamWriter], Awaitable[None]],
    ) -> None:
        try:
            while data := await reader.read(_PIECE):
                size = self.wire.split or len(data)
                for start in range(0, len(data), size):
                    await handle(data[start : start + size], writer)
            await self._hush()
            writer.write_eof()
        except OSError:
            await self._hush()
            self.reset()

    async def _pass(self, piece: bytes, writer: asyncio.StreamWriter) -> None:
        wire = self.wire
        await asyncio.sleep(wire.delay + (len(piece) / wire.bandwidth if wire.bandwidth else 0))
        await self.open.wait()
        await self._hush()
        writer.write(piece)
        await writer.drain()

    async def _pass_down(self, piece: bytes, writer: asyncio.StreamWriter) -> None:
        """Pass on what comes from the target, and end the connection where it is to end."""
        limit = min(_or_endless(self.wire.cut), _or_endless(self.wire.hole))
        kept = piece[: int(min(limit - self.came, len(piece)))]
        line, newline, _ = kept.partition(b"\n")
        banner = self.wire.after_banner and newline
        kept = line + newline if banner else kept
        await self._pass(kept, writer)
        self.came += len(kept)
        self._end_if_due()
        if banner:
            self.reset()

    def _end_if_due(self) -> None:
        if self.came >= _or_endless(self.wire.hole):
            self.silent = True
        elif self.came >= _or_endless(self.wire.cut):
            self.reset()

    async def _hush(self) -> None:
        """Never return once the connection is silent: nobody is told anything, ever."""
        if self.silent:
            await asyncio.Event().wait()


def _or_endless(count: int | None) -> float:
    return inf if count is None else count
