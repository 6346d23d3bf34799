"""A Markdown renderer as the judge of what foreign text can do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

_PARSER: Final = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_ALIVE: Final = re.compile(
    r"(?<![A-Za-z0-9])@[A-Za-z0-9]|https?://|www\.|[\w.]@\w|#\d|:\w+:|\w-\d|\$\S.*\S\$|[\x00-\x08]"
)
"""What a forge brings to life in ordinary text: mentions, bare addresses, issues, emoji, maths."""


def tokens(text: str) -> Iterator[Token]:
    """Yield everything that a renderer sees in `text`, containers first."""
    for token in _PARSER.parse(text):
        yield token
        yield from token.children or ()


def kinds(text: str) -> set[str]:
    """Return the kinds of things in `text`."""
    return {token.type for token in tokens(text)}


def alive(text: str) -> list[str]:
    """Return what a forge would bring to life in the ordinary text of `text`."""
    plain = (token.content for token in tokens(text) if token.type == "text")
    return [found[0] for line in plain for found in _ALIVE.finditer(line)]


def addresses(text: str) -> list[str]:
    """Return where the links and pictures of `text` lead."""
    found = (token.attrGet("href") or token.attrGet("src") for token in tokens(text))
    return [str(address) for address in found if address]


def fences(text: str) -> list[str]:
    """Return the contents of the code blocks of `text`."""
    return [token.content for token in tokens(text) if token.type == "fence"]
