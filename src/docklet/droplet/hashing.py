"""Git's name for a content."""

from __future__ import annotations

import hashlib
from typing import Protocol

_PIECE = 1 << 20
_SHA1_DIGITS = 40


class Readable(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, and none at the end."""


def blob_of(source: Readable, size: int, like: str) -> str:
    """Return the blob id of `size` bytes, in the hash that the id `like` is made with."""
    digest = hashlib.sha1() if len(like) == _SHA1_DIGITS else hashlib.sha256()  # noqa: S324 (git's)
    digest.update(b"blob %d\0" % size)
    while True:
        piece = source.read(_PIECE)
        if not piece:
            return digest.hexdigest()
        digest.update(piece)
