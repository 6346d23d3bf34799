"""Print without ever waiting: whoever reads our output may be slow, and a run must not be."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import BinaryIO

ROOM: Final = 16 * 1024 * 1024
"""Bytes that may wait to be read."""
PIECES: Final = 100_000
"""How many pieces may wait; each takes memory beside its bytes."""


class Printer:
    """Write to `out` from a thread of its own.

    What finds no room is dropped and counted. `out` must be unbuffered: a buffered file has a
    lock, and a thread that is stuck with it would hold up the end of the process.
    """

    def __init__(self, out: BinaryIO, *, room: int = ROOM) -> None:
        self._out = out
        self._room = room
        self._waiting = 0
        self._dropped = 0
        self._lock = threading.Lock()
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="printer", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Print `data` when there is time."""
        with self._lock:
            if self._waiting + len(data) > self._room or self._queue.qsize() > PIECES:
                self._dropped += len(data)
                return
            if self._dropped:
                told = f"\ndocklet: {self._dropped} bytes were not read in time.\n".encode()
                data, self._dropped = told + data, 0
            self._waiting += len(data)
        self._queue.put(data)

    def close(self, within: float = 2.0) -> None:
        """Wait at most `within` seconds until all is printed."""
        self._queue.put(None)
        self._thread.join(within)

    def _work(self) -> None:
        """Print until the end; when nobody reads any more, go on without printing."""
        broken = False
        while (data := self._queue.get()) is not None:
            broken = broken or not self._print(data)
            with self._lock:
                self._waiting -= len(data)

    def _print(self, data: bytes) -> bool:
        """Write all of `data`; tell whether that went well."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._out.write(view) :]
            self._out.flush()
        except (OSError, ValueError):
            return False
        return True
