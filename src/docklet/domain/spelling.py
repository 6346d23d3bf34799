"""The ways in which programs tend to write a value: escaped, or encoded."""

from __future__ import annotations

import base64
import html
import json
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
"""From base64's usual alphabet to the one for URLs."""
_SHIFTS: Final = range(3)
"""Base64 looks different for each position of a value in its surroundings, modulo three."""


def escaped(value: bytes) -> Iterator[bytes]:
    """Yield `value` as JSON and URLs have it."""
    text = value.decode("utf-8", "surrogateescape")
    yield json.dumps(text)[1:-1].encode()
    yield json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogateescape")
    yield quote(value, safe="").encode()
    yield quote_plus(value).encode()


def marked_up(value: bytes) -> Iterator[bytes]:
    """Yield `value` as HTML has it, and as JSON has it that goes into HTML."""
    text = value.decode("utf-8", "surrogateescape")
    for written in (html.escape(text), html.escape(text, quote=False), text.replace("/", "\\/")):
        yield written.encode("utf-8", "surrogateescape")


def hexadecimal(value: bytes) -> Iterator[bytes]:
    """Yield `value` in hexadecimal."""
    yield value.hex().encode()
    yield value.hex().upper().encode()


def base64_cores(value: bytes) -> Iterator[bytes]:
    """Yield what base64 is certain to have of `value`, whatever stands before and behind it."""
    for shift in _SHIFTS:
        padded = base64.b64encode(b"\0" * shift + value)
        yield padded[-(-shift * 8 // 6) : (len(value) + shift) * 8 // 6]
