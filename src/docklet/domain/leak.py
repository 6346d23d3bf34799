"""Find secrets in what is about to be published: their values, and the usual spellings of them.

This stops accidents (a script that saves its environment), not malice: a script can always write
a secret in a way that nobody foresaw. What is compressed, encrypted or reversed is not found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docklet.domain.secret import SHORTEST_MASKED
from docklet.domain.spelling import base64_cores, escaped, hexadecimal, marked_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from docklet.domain.secret import Secret

SHORTEST_CORE: Final = 8
"""Characters of base64; a picture in a notebook has every shorter sequence."""
_SHORTEST_PART: Final = 20
"""Bytes of a word that is looked for alone, when a value has several lines: a line of a key."""
_WORD: Final = 8
"""Bytes; a shorter value counts only where no letter or digit stands beside it."""
_SETTING: Final = re.compile(
    rb"(?i:true|false|none|null|auto|info|debug|test|[\d.,:/+-]{1,10}|[+-]?\d*\.?\d+e[+-]?\d+)"
)
"""What is far more often a setting than a secret, and in every other file: numbers and dates."""
_WRAPPING: Final = b"\r\n"
_FLAT: Final = bytes.maketrans(b"-_", b"+/")
"""From base64's alphabet for URLs to the usual one, so that each is searched for once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """One spelling of one secret."""

    name: str
    """Which secret it is."""
    text: bytes
    is_word: bool = False
    """Whether it counts only where no letter or digit stands beside it."""

    def is_in(self, window: bytes, *, first: bool, last: bool) -> bool:
        """Tell whether it is in a window of a file, which may begin and end in its middle."""
        if not self.is_word:
            return self.text in window
        at = window.find(self.text)
        while at >= 0:
            end = at + len(self.text)
            begins = at > 0 or first
            ends = end < len(window) or last
            beside = window[max(at - 1, 0) : at] + window[end : end + 1]
            if begins and ends and not re.search(rb"[0-9A-Za-z]", beside):
                return True
            at = window.find(self.text, at + 1)
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for."""

    plain: tuple[Needle, ...] = ()
    """Spellings that are looked for in the bytes as they are."""
    flat: tuple[Needle, ...] = ()
    """Those that programs break into lines, and write with one of two alphabets."""

    @property
    def names(self) -> frozenset[str]:
        """The secrets that are looked for at all."""
        return frozenset(needle.name for needle in (*self.plain, *self.flat))

    def found(self, content: Iterable[bytes]) -> str:
        """Return the name of a secret that is in `content`; empty when none is."""
        scan = Scan(self)
        return next(filter(None, map(scan.feed, content)), "") or scan.feed(b"", last=True)


NOTHING: Final = Search()
"""The search for no secret at all."""


class Scan:
    """One pass over one file, in chunks of any size."""

    def __init__(self, search: Search) -> None:
        """Look for what `search` says."""
        self._views = [_View(search.plain), _View(search.flat)]

    def feed(self, chunk: bytes, *, last: bool = False) -> str:
        """Return the name of a secret that is seen for certain by now; empty when none is."""
        chunks = (chunk, chunk.translate(_FLAT, _WRAPPING))
        seen = (view.feed(one, last=last) for view, one in zip(self._views, chunks, strict=True))
        return next(filter(None, seen), "")


class _View:
    """A file in one of the forms in which it is searched."""

    def __init__(self, needles: tuple[Needle, ...]) -> None:
        self._needles = needles
        # One byte more than the longest, so that what stands before a word is seen again.
        self._kept = max((len(needle.text) for needle in needles), default=0) + 1
        self._tail = b""
        self._first = True

    def feed(self, chunk: bytes, *, last: bool) -> str:
        """Search the next bytes, with the last of those before them."""
        window = self._tail + chunk
        first, self._first = self._first, False
        self._tail = window[-self._kept :]
        if len(window) <= self._kept:
            self._first = first
        found = (
            needle.name for needle in self._needles if needle.is_in(window, first=first, last=last)
        )
        return next(found, "")


def search_for(secrets: Mapping[str, Secret]) -> Search:
    """Return the search for `secrets`, which are known by their names.

    Left alone are values below `SHORTEST_MASKED` bytes and what is plainly a setting.
    """
    plain: dict[bytes, Needle] = {}
    flat: dict[bytes, Needle] = {}
    for name, secret in secrets.items():
        for value in _parts(secret.reveal()):
            for text in (value, *escaped(value), *marked_up(value)):
                is_word = len(text) < _WORD
                plain.setdefault(text, Needle(name=name, text=text, is_word=is_word))
            for text in _encoded(value):
                flat.setdefault(text, Needle(name=name, text=text))
    return Search(plain=tuple(plain.values()), flat=tuple(flat.values()))


def _parts(value: str) -> Iterator[bytes]:
    """Yield what of a value is looked for: all of it, and the long words of several lines."""
    whole = value.encode("utf-8", "surrogateescape").strip()
    if len(whole) >= SHORTEST_MASKED and not _SETTING.fullmatch(whole):
        yield whole
    if len(whole.splitlines()) > 1:
        yield from (word for word in whole.split() if len(word) >= _SHORTEST_PART)


def _encoded(value: bytes) -> Iterator[bytes]:
    """Yield the spellings that are searched for without line breaks."""
    yield from hexadecimal(value)
    yield from (core for core in base64_cores(value) if len(core) >= SHORTEST_CORE)
