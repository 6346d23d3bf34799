"""Which new paths the repository's `.gitignore` files leave out, as git itself sees it."""

from __future__ import annotations

from docklet.droplet.mirror import Mirror


class Ignore:
    """Asks `git check-ignore` about one path after the other; without git nothing is ignored."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        if mirror.works:
            question = ("check-ignore", "--no-index", "--verbose", "--non-matching")
            self._answers = mirror.ask(*question, count=4)

    def enter(self, path: bytes, directory: int) -> None:
        """Take a directory's `.gitignore` into account."""
        self._mirror.copy(path, directory, b".gitignore")

    def leaves_out(self, path: bytes, *, is_directory: bool = False) -> bool:
        """Tell whether a new path is ignored; the directories above it were entered."""
        if not self._mirror.works:
            return False
        if is_directory:
            self._mirror.make_directory(path)
        _source, _line, pattern, _path = self._answers.about(path)
        return bool(pattern) and not pattern.startswith(b"!")
