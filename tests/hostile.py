"""Nasty texts without end, the same from the same seed: what a script might write to break out."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECES: Final = (
    # people, issues, addresses
    "@octocat", "@octo/team", "&#64;octocat", "\\@octocat", "@\u200boctocat", "#1", "GH-1",
    "octo/template#1", "0123456789abcdef0123456789abcdef01234567", "https://evil.example",
    "www.evil.example", "ftp://evil.example/x", "mailto:a@evil.example", "a@evil.example",
    "<https://evil.example>", "//evil.example", "javascript:alert(1)",
    # links and pictures
    "[x](https://evil.example)", "![x](https://evil.example/x.png)", "[x][y]",
    "[y]: //evil.example",
    "[^1]", "[^1]: note", "![", "](", "[", "]", "(", ")", "[x]", "[ ]", "[!NOTE]",
    # HTML
    "<img src=x onerror=y>", "<b>", "</b>", "<details>", "</details>", "</summary>", "<!--",
    "-->",
    "<![CDATA[", "<?php", "<!X>", "<script>", "</script>", "<pre>", "</pre>", "<a href='x'>",
    "&lt;",
    "&#x60;", "<", ">", "<!-- docklet:run:0123456789abcdef0123 -->",
    # fences and blocks
    "`", "``", "```", "````", "`" * 40, "~~~", "~~~~~", "```mermaid", "```text", "~~~ html",
    "    ",
    "# x", "###### x", "> x", "- x", "* x", "+ x", "1. x", "1) x", "---", "===", "***", "___",
    "|a|b|",
    "|-|-|", ":-:", "\\", "\\\\", "*x*", "**", "_x_", "__", "~~x~~", ":tada:", "$x$", "$$",
    "$`x`$",
    # characters that hide, reorder, end lines, or are none
    "\n", "\n\n", "\r", "\r\n", "\t", "\x00", "\x07", "\x08", "\x0b", "\x0c", "\x1b[31m",
    "\x1b[2K",
    "\x1b]8;;https://evil.example\x07", "\x1b", "\x85", "\u2028", "\u2029", "\u200b", "\u200d",
    "\u202e", "\u2066", "\ufeff", "\u00ad", "\U000e0041", "\u0301", "\u00a0", "\u3000",
    # what the runner would obey
    "::add-mask::e", "##[error]x", "::set-output name=a::b", "::stop-commands::x", "::x::",
    "##[add-mask]e", "##[", "::", "]", "%0A", "%0D::debug::x", "\r::error::x",
    "\u2028::debug::x",
    # and what people write
    "word", "It ended.", "don't", "3.14", "12%", "$1.50", "\u00e9", "\u6587\u5b57",
    "\U0001f469\u200d\U0001f4bb",
    "\U0001f1e9\U0001f1ea", " ", "  ", "x" * 300, "Traceback (most recent call last):",
)  # fmt: skip
_JOINTS: Final = ("", "", " ", "\n", "\n\n", "\n    ", "\r")
_MOST: Final = 8
_RAW: Final = 0.05
"""Share of outputs that are just bytes."""


def outputs(seed: int, count: int) -> Iterator[bytes]:
    """Yield so many different outputs."""
    chance = random.Random(seed)  # noqa: S311 - a test needs the same ones again
    for _ in range(count):
        if chance.random() < _RAW:
            yield chance.randbytes(chance.randint(1, 60))
        else:
            pieces = chance.choices(PIECES, k=chance.randint(1, _MOST))
            yield chance.choice(_JOINTS).join(pieces).encode()


def texts(seed: int, count: int) -> Iterator[str]:
    """Yield so many different texts, such as names that came as bytes."""
    for output in outputs(seed, count):
        yield output.decode("utf-8", "surrogateescape")
