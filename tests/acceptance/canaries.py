"""Tokens that are made for one test, and the search for them in whatever they must not be in."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


PIECE = 24
"""Characters of a token that betray it: it may be cut off, or lie across two lines."""


@dataclass(frozen=True)
class Canary:
    """A secret that exists nowhere else."""

    name: str
    value: str

    @classmethod
    def hatch(cls, name: str, prefix: str = "", suffix: str = "") -> Canary:
        """Return a canary that looks like a token; an odd `suffix` makes its spellings differ."""
        return cls(name, f"{prefix}{secrets.token_hex(32)}{suffix}")

    @property
    def spellings(self) -> frozenset[bytes]:
        """The canary as it is, in base64 wherever it begins there, in a URL, in JSON, in hex."""
        raw = self.value.encode()
        web = {quote(raw, safe=""), quote(raw), quote_plus(raw), json.dumps(self.value)[1:-1]}
        encoded = {text.encode() for text in (*web, raw.hex(), raw.hex().upper())}
        return frozenset({raw, *encoded, *_base64(raw)})

    @property
    def pieces(self) -> frozenset[bytes]:
        """What to search for; one of them is in any row of 47 characters of any spelling."""
        return frozenset(
            text[start : start + PIECE]
            for text in self.spellings
            for start in range(0, len(text) - PIECE + 1, PIECE)
        )


def _base64(raw: bytes) -> Iterable[bytes]:
    """Yield what is certain of `raw` in base64 behind 0, 1 or 2 bytes of something else."""
    for before in range(3):
        # The characters that also hold bits of the neighbours are left out.
        text = base64.b64encode(b"\0" * before + raw)
        certain = text[-(-before * 4 // 3) : (before + len(raw)) * 8 // 6]
        yield certain
        yield certain.translate(bytes.maketrans(b"+/", b"-_"))


@dataclass(frozen=True)
class Cage:
    """All canaries of a test."""

    canaries: tuple[Canary, ...]

    def __getitem__(self, name: str) -> str:
        """Return a canary's value."""
        return next(one.value for one in self.canaries if one.name == name)

    def only(self, *names: str) -> Cage:
        """Return a cage with some of the canaries."""
        return Cage(tuple(one for one in self.canaries if one.name in names))

    @property
    def patterns(self) -> bytes:
        """All that has to be searched for, one a line, for `grep -F`."""
        return b"".join(sorted(piece + b"\n" for one in self.canaries for piece in one.pieces))

    def heard(self, data: bytes | str) -> set[str]:
        """Return the names of the canaries that are in `data`."""
        raw = data.encode() if isinstance(data, str) else data
        return {one.name for one in self.canaries if any(piece in raw for piece in one.pieces)}

    def heard_in(self, places: Mapping[str, bytes | str]) -> set[tuple[str, str]]:
        """Return place and canary of everything that was found."""
        return {(place, name) for place, data in places.items() for name in self.heard(data)}


def texts_below(folder: Path) -> dict[str, bytes]:
    """Return what is in all files below a folder, with names and link targets as a text too."""
    found = sorted(folder.rglob("*"))
    files = {str(path.relative_to(folder)): path for path in found}
    contents = {
        name: path.read_bytes()
        for name, path in files.items()
        if path.is_file() and not path.is_symlink()
    }
    links = [str(path.readlink()) for path in found if path.is_symlink()]
    return {**contents, "names": "\n".join([*files, *links]).encode()}
