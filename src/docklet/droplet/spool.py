"""A list that may become millions of entries long: it is kept compressed.

What is in it is of one kind and in order, so an entry takes a dozen bytes. In memory, since the
script may have filled the disk.
"""

from __future__ import annotations

import pickle
import zlib
from typing import Generic, Iterator, TypeVar

T = TypeVar("T")

_AT_ONCE = 4096
_FAST = 1


class Spool(Generic[T]):
    """Entries that are added one by one and read from the first to the last."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._latest: list[T] = []

    def append(self, entry: T) -> None:
        """Add an entry."""
        self._latest.append(entry)
        if len(self._latest) == _AT_ONCE:
            self._packed.append(zlib.compress(pickle.dumps(self._latest), _FAST))
            self._latest = []

    def __iter__(self) -> Iterator[T]:
        """Yield all entries."""
        for packed in self._packed:
            yield from pickle.loads(zlib.decompress(packed))  # noqa: S301 (packed above)
        yield from self._latest
