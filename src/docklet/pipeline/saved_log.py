"""The file of a script's log: whole while there is room for it, else its beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


class SavedLog:
    """Takes the log as it comes; a disk that is full is told, and never ends a run."""

    def __init__(self, path: Path, room: int) -> None:
        """Begin an empty file that gets at most `room` bytes."""
        self._file = path.open("wb", buffering=0)
        self._left = room
        self.size = 0
        """Bytes in the file."""
        self.is_cut = False
        """Whether some of the log was not saved; then nothing that follows is."""

    def write(self, data: bytes) -> None:
        """Append bytes."""
        rest = memoryview(data)
        try:
            while rest and not self.is_cut:
                written = self._file.write(rest[: self._left])
                self._left -= written
                self.size += written
                rest = rest[written:]
                self.is_cut = written == 0
        except OSError:
            self.is_cut = True

    def __enter__(self) -> Self:
        """Use the file."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close it."""
        self._file.close()
