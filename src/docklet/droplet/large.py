"""Which paths the repository's `.gitattributes` files give to Git LFS.

Such files may be larger than others. That is all this is for: whoever commits the results looks
for themselves which of them become pointers.
"""

from __future__ import annotations

from docklet.droplet.mirror import Answers, Mirror


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
