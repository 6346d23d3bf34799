"""The line of a comment that speaks to docklet, as words."""

from __future__ import annotations

import re
import shlex
from typing import Final, NoReturn

from docklet.domain.errors import InvalidCommand, Problem

ADDRESS: Final = "/docklet"
"""What a comment must begin with; also the name under which problems with it are told."""
LONGEST: Final = 2000
"""Characters of a command."""
_ADDRESSED: Final = re.compile(rf" {{0,3}}{ADDRESS}(?P<rest>\s.*)?")
_CURLY: Final = re.compile("[\u2018-\u201f\u00ab\u00bb]")
_LINE: Final = re.compile(r"[\r\n]")


def words_of(body: str) -> tuple[str, ...] | None:
    """Return the words behind `/docklet`, or None when a comment is not for docklet.

    Up to three blanks may stand before it: Markdown takes four, or a tab, for code. Raises
    `InvalidCommand` when the line can't be split.
    """
    first = next((line for line in _LINE.split(body) if line.strip()), "")
    found = _ADDRESSED.fullmatch(first.rstrip())
    if found is None:
        return None
    rest = found["rest"] or ""
    if len(rest) > LONGEST:
        refuse(f"A command has at most {LONGEST} characters, and this one {len(rest)}.")
    if not rest.replace("\t", " ").isprintable():
        refuse(
            "The line has a character that can't be seen, such as a no-break space. Type it anew"
            " instead of pasting it."
        )
    return _split(rest)


def refuse(*messages: str) -> NoReturn:
    """Raise `InvalidCommand` with what is wrong with a command."""
    raise InvalidCommand(tuple(Problem(name=ADDRESS, message=text) for text in messages))


def straight(text: str) -> str:
    """Return a sentence about quotation marks that no shell knows, if `text` has any."""
    if not _CURLY.search(text):
        return ""
    return " Quotation marks must be straight ones; a keyboard has put others."


def _split(rest: str) -> tuple[str, ...]:
    """Split at blanks, with quotes and backslashes as in a shell, and expand nothing."""
    try:
        return tuple(shlex.split(rest))
    except ValueError:
        message = (
            "A quotation mark is never closed, or nothing follows the last backslash. To mean the"
            f" character itself, write a backslash before it.{straight(rest)}"
        )
        refuse(message)
