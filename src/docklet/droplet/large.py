"""Which paths the repository's `.gitattributes` files give to Git LFS.

Committed as they are, such files would be in the repository for good, and in every clone. Only
a pointer may be; the file it stands for would have to be uploaded, which docklet can't.
"""

from __future__ import annotations

import os

from docklet.droplet.mirror import Answers, Mirror
from docklet.droplet.tree import open_file

_POINTER = b"version https://git-lfs.github.com/spec/"
_LONGEST_POINTER = 1024


class LargeFiles:
    """Asks `git check-attr` about one path after the other, where LFS is spoken of at all."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._answers: Answers | None = None

    def enter(self, path: bytes, directory: int) -> None:
        """Take a directory's `.gitattributes` into account."""
        text = self._mirror.copy(path, directory, b".gitattributes")
        if b"lfs" in text and self._answers is None:
            self._answers = self._mirror.ask("check-attr", "filter", count=3)

    def claim(self, path: bytes) -> bool:
        """Tell whether a path belongs to LFS; the directories above it were entered."""
        return self._answers is not None and self._answers.about(path)[2] == b"lfs"


def is_pointer(directory: int, name: bytes) -> bool:
    """Tell whether a file is what git-lfs itself would have committed."""
    with open(open_file(directory, name), "rb") as file:
        small = os.fstat(file.fileno()).st_size < _LONGEST_POINTER
        return small and file.read(len(_POINTER)) == _POINTER
