"""Changes in little memory: a million of them take their paths and thirty bytes each."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, overload

from docklet.domain.errors import GitError
from docklet.ports import Change

if TYPE_CHECKING:
    from collections.abc import Iterable

_BLOB: Final = 20
"""Bytes of a blob's id."""


class ChangeList(Sequence[Change]):
    """Changes in one piece, which are put together one by one as somebody looks at them."""

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        """Begin with `changes`."""
        self._paths = bytearray()
        self._ends = array("Q", [0])
        self._modes = array("L")
        self._blobs = bytearray()
        for change in changes:
            self.append(change)

    def append(self, change: Change) -> None:
        """Add a change."""
        self._paths += change.path
        self._ends.append(len(self._paths))
        self._modes.append(int(change.mode, 8))
        self._blobs += bytes.fromhex(change.blob).rjust(_BLOB, b"\0")

    def name_blobs(self, blobs: Iterable[str]) -> None:
        """Say of all changes what blobs they bring."""
        self._blobs.clear()
        for blob in blobs:
            self._blobs += bytes.fromhex(blob)
        if len(self._blobs) != _BLOB * len(self):
            message = "git did not store each result as one blob."
            raise GitError(message)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._modes)

    @overload
    def __getitem__(self, index: int) -> Change: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Change]: ...

    def __getitem__(self, index: int | slice) -> Change | Sequence[Change]:
        """Return one of them, or some."""
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        at = range(len(self))[index]
        mode = self._modes[at]
        blob = self._blobs[at * _BLOB : (at + 1) * _BLOB]
        return Change(
            path=bytes(self._paths[self._ends[at] : self._ends[at + 1]]),
            mode=f"{mode:06o}",
            blob=blob.hex() if mode else "",
        )
