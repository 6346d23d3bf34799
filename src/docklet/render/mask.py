"""Blank out secrets in text that leaves the runner.

This stops accidents (a script that prints its environment), not malice: a script can always
write a secret in a way that nobody foresaw.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

from docklet.domain.secret import SHORTEST_MASKED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docklet.domain.secret import Secret

STARS: Final = b"***"
_NEVER: Final = re.compile(rb"(?!)")
_SHIFTS: Final = range(3)
"""Base64 looks different for each position of a secret in its surroundings, modulo three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """What has to be blanked out."""

    pattern: re.Pattern[bytes] = field(default=_NEVER, repr=False)
    """Matches every secret in every spelling."""
    longest: int = 0
    """Length in bytes of the longest spelling."""

    def data(self, data: bytes) -> bytes:
        """Return `data` with stars in place of secrets."""
        return self.pattern.sub(STARS, data)

    def text(self, text: str) -> str:
        """Return `text` with stars in place of secrets."""
        raw = text.encode("utf-8", "surrogatepass")
        return self.data(raw).decode("utf-8", "surrogatepass")


def mask_of(secrets: Iterable[Secret]) -> Mask:
    """Return a mask for all of `secrets`, line by line, in their usual spellings.

    Lines that are shorter than `SHORTEST_MASKED` are left alone.
    """
    found = {spelling for secret in secrets for spelling in _spellings(secret.reveal())}
    if not found:
        return Mask()
    ordered = sorted(found, key=len, reverse=True)
    pattern = re.compile(b"|".join(map(re.escape, ordered)))
    return Mask(pattern=pattern, longest=len(ordered[0]))


def _spellings(value: str) -> Iterator[bytes]:
    """Yield the ways in which programs tend to write `value`."""
    whole = value.encode("utf-8", "surrogateescape")
    for line in {whole, *whole.splitlines()}:
        if len(line.strip()) >= SHORTEST_MASKED:
            yield line.strip()
            yield from _escaped(line.strip())
            yield from _encoded(line.strip())


def _escaped(line: bytes) -> Iterator[bytes]:
    """Yield `line` as JSON and URLs have it."""
    text = line.decode("utf-8", "surrogateescape")
    yield json.dumps(text)[1:-1].encode()
    yield json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogateescape")
    yield quote(line, safe="").encode()
    yield quote_plus(line).encode()


def _encoded(line: bytes) -> Iterator[bytes]:
    """Yield `line` in hexadecimal and in base64, whatever stands before and behind it there."""
    yield line.hex().encode()
    yield line.hex().upper().encode()
    for shift in _SHIFTS:
        padded = base64.b64encode(b"\0" * shift + line)
        end = len(line) + shift
        certain = padded[-(-shift * 8 // 6) : end * 8 // 6]
        if len(certain) >= SHORTEST_MASKED:
            yield certain
            yield certain.translate(bytes.maketrans(b"+/", b"-_"))
