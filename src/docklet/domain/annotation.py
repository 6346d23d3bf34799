"""A line of the repository at which a script says that it failed.

The script's own words are data: a path is one of the checked-out tree or none, and a message is
one line of printable text.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Final

TREE: Final = "/work"
"""Where a script's container has the checked-out tree."""
LONGEST_MESSAGE: Final = 1000
"""Characters; GitHub takes 64 KB."""
_LONGEST_PATH: Final = 1024
_LAST_LINE: Final = 9_999_999
_STRANGE: Final = re.compile(r"[\\:*?\"<>|]")
"""Characters in no path that anybody can check out everywhere; a blanked-out secret has them."""
_UNSAID: Final = "The script failed here."


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What is wrong with one line."""

    path: str
    """Relative to the repository's root."""
    line: int
    """The first line is 1."""
    message: str


def annotation(path: str, line: str, message: str, workdir: str) -> Annotation | None:
    """Return what a script said about a line; None when that is no line of the repository.

    `workdir` is the script's working directory, relative to the repository's root.
    """
    inside, number = _inside(path, workdir), int(line)
    if not inside or not 1 <= number <= _LAST_LINE:
        return None
    return Annotation(path=inside, line=number, message=_plain(message) or _UNSAID)


def _inside(path: str, workdir: str) -> str:
    """Return a path relative to the repository's root; empty for one that is none of its files."""
    if not path or len(path) > _LONGEST_PATH or not path.isprintable() or _STRANGE.search(path):
        return ""
    whole = posixpath.normpath(posixpath.join(TREE, workdir, path))
    if not whole.startswith(f"{TREE}/"):
        return ""
    parts = whole.removeprefix(f"{TREE}/").split("/")
    return "" if ".git" in {part.lower() for part in parts} else "/".join(parts)


def _plain(text: str) -> str:
    """Return one line of printable text, not too long."""
    words = " ".join(text[: 2 * LONGEST_MESSAGE].split())
    return "".join(char for char in words if char.isprintable())[:LONGEST_MESSAGE]
