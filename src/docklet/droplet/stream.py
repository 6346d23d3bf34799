"""A container's output as it comes out of an attached connection."""

from __future__ import annotations

import select
import socket
import struct
from typing import Iterator

from docklet.droplet.engine import Unreachable

_HEAD = struct.Struct(">BxxxL")
_PIECE = 1 << 18


class Frames:
    """Takes Docker's frames apart: a head of eight bytes, then as many bytes as it says."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0

    def feed(self, piece: bytes) -> Iterator[memoryview]:
        """Yield the output that a piece of the stream holds."""
        view = memoryview(piece)
        while view:
            if not self._left:
                missing = _HEAD.size - len(self._head)
                self._head += bytes(view[:missing])
                view = view[missing:]
                if len(self._head) == _HEAD.size:
                    self._left = _HEAD.unpack(self._head)[1]
                    self._head = b""
                continue
            yield view[: self._left]
            taken = min(self._left, len(view))
            self._left -= taken
            view = view[taken:]


class Stream:
    """An attached connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._frames = Frames()

    def give(self, stdin: bytes) -> None:
        """Write to the container's standard input and close it."""
        try:
            self._connection.sendall(stdin)
            self._connection.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise Unreachable from error

    def take(self, patience: float) -> Iterator[memoryview] | None:
        """Wait a while for output; None is its end, or the connection's."""
        readable, _, _ = select.select([self._connection], [], [], max(patience, 0.0))
        if not readable:
            return iter(())
        try:
            piece = self._connection.recv(_PIECE)
        except OSError:
            return None
        return self._frames.feed(piece) if piece else None

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
