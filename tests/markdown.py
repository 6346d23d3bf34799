"""A Markdown renderer as the judge of what foreign text can do."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

_PARSER: Final = MarkdownIt("gfm-like")
assert _PARSER.linkify is not None
_PARSER.linkify.set(
    {"fuzzy_link": False}
)  # the forge takes no bare name such as `report.md` for one
_ALIVE: Final = re.compile(
    r"(?<![A-Za-z0-9])@[A-Za-z0-9]|\w://|mailto:|www\.|[\w.]@\w|#\d|:\w+:|\w-\d|\$\S.*\S\$"
    r"|\[[\^!]|[\x00-\x08]"
)
"""What a forge brings to life in ordinary text.

Mentions, bare addresses, issues, emoji, maths, footnotes and alerts.
"""


@lru_cache(maxsize=1)
def blocks(text: str) -> tuple[Token, ...]:
    """Return the blocks that a renderer sees in `text`."""
    return tuple(_PARSER.parse(text))


def tokens(text: str) -> Iterator[Token]:
    """Yield everything that a renderer sees in `text`, containers first."""
    for token in blocks(text):
        yield token
        yield from token.children or ()


def skeleton(text: str) -> list[str]:
    """Return what the blocks of `text` are, those of HTML word by word."""
    return [
        f"{token.type} {token.content if token.type == 'html_block' else token.info}".strip()
        for token in blocks(text)
    ]


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
