"""Blank out secrets in text that leaves the runner.

This stops accidents (a script that prints its environment), not malice: a script can always
write a secret in a way that nobody foresaw.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from docklet.domain.secret import SHORTEST_MASKED
from docklet.domain.spelling import URL_SAFE, base64_cores, escaped, hexadecimal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docklet.domain.secret import Secret

STARS: Final = b"***"
_NEVER: Final = re.compile(rb"(?!)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """What has to be blanked out."""

    pattern: re.Pattern[bytes] = field(default=_NEVER, repr=False)
    """Matches every secret in every spelling."""
    longest: int = 0
    """Length in bytes of the longest spelling."""
    spellings: tuple[bytes, ...] = field(default=(), repr=False)
    """Every secret in every spelling."""

    def data(self, data: bytes) -> bytes:
        """Return `data` with stars in place of secrets.

        Hardly any of a log holds one, and looking for each alone is many times as fast as trying
        all of them at every byte.
        """
        if not any(spelling in data for spelling in self.spellings):
            return data
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
    return Mask(pattern=pattern, longest=len(ordered[0]), spellings=tuple(ordered))


def _spellings(value: str) -> Iterator[bytes]:
    """Yield the ways in which programs tend to write `value`."""
    whole = value.encode("utf-8", "surrogateescape")
    for line in {whole, *whole.splitlines()}:
        if len(line.strip()) >= SHORTEST_MASKED:
            yield line.strip()
            yield from escaped(line.strip())
            yield from hexadecimal(line.strip())
            yield from _base64(line.strip())


def _base64(line: bytes) -> Iterator[bytes]:
    """Yield `line` in base64 of both alphabets."""
    for core in base64_cores(line):
        if len(core) >= SHORTEST_MASKED:
            yield core
            yield core.translate(URL_SAFE)
