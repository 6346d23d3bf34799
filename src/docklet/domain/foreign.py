"""Text that a machine of somebody else's says, made fit for people's terminals and logs."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 2000
"""Characters of foreign text in one message."""


def one_line(text: str) -> str:
    """Return foreign text as one line, without what steers terminals or hides other text."""
    line = " ".join(text[: 2 * LONGEST].split())[:LONGEST]
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
