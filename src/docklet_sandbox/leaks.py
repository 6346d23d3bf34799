"""The search for secrets: every usual spelling of a canary, by `grep`, in texts and files.

Programs cut and wrap what they print, so that a part of a spelling counts as well.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from tempfile import NamedTemporaryFile
from typing import IO
from urllib.parse import quote, quote_plus

from docklet_sandbox.state import SandboxError

PIECE = 24
"""Characters of a spelling that betray it; shorter ones have to be there as a whole."""
_STRIDE = 12
_SHORTEST = 8
_NO_MATCH = 1
_BREAK = b"\x1f"
"""Stands for line breaks inside of a text: grep counts texts by lines."""
GREP = ("grep", "--text", "--only-matching", "--fixed-strings")
"""What looks for a file of patterns, here and on droplets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A secret that should be nowhere."""

    name: str
    """What it is called where the value must not be shown."""
    value: str = field(repr=False)

    def __post_init__(self) -> None:  # noqa: D105 - a part of the constructor
        if len(self.value) < _SHORTEST:
            message = f"{self.name} has fewer than {_SHORTEST} characters: chance would find it."
            raise SandboxError(message)

    def spellings(self) -> Mapping[str, frozenset[bytes]]:
        """Return the ways to write it, by what they are called."""
        raw = self.value.encode()
        quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
        lower = {quote(raw, safe="").replace(f"%{n:02X}", f"%{n:02x}") for n in raw}
        return {
            "plain": frozenset({raw}),
            "URL": frozenset(text.encode() for text in quoted | lower),
            "JSON": frozenset(
                json.dumps(self.value, ensure_ascii=pure)[1:-1].encode() for pure in (True, False)
            ),
            "hex": frozenset({raw.hex().encode(), raw.hex().upper().encode()}),
            "base64": frozenset(_base64(raw)),
        }


def _base64(raw: bytes) -> Iterator[bytes]:
    """Yield what is certain of `raw` in base64 behind 0, 1 or 2 bytes of something else."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + raw)
        certain = text[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield certain
        yield certain.replace(b"+", b"-").replace(b"/", b"_")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Leak:
    """A place where a canary is and must not be."""

    canary: str
    """Its name."""
    spelling: str
    """How it is written there."""
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """All that is looked for, and what each of it means."""

    meanings: Mapping[bytes, tuple[str, str]]
    """Canary and spelling by pattern."""

    @classmethod
    def of(cls, canaries: Sequence[Canary]) -> Search:
        """Prepare the search for some canaries; the plainest spelling of a pattern counts."""
        meanings: dict[bytes, tuple[str, str]] = {}
        for canary in canaries:
            for spelling, texts in canary.spellings().items():
                for pattern in (piece for text in texts for piece in _pieces(text)):
                    meanings.setdefault(pattern, (canary.name, spelling))
        return cls(meanings=meanings)

    @property
    def patterns(self) -> bytes:
        """All patterns, one a line."""
        return b"".join(pattern + b"\n" for pattern in sorted(self.meanings))

    def leak(self, match: bytes, place: str) -> Leak:
        """Say what a match means."""
        canary, spelling = self.meanings[match]
        return Leak(canary=canary, spelling=spelling, place=place)

    def in_texts(self, texts: Sequence[tuple[str, bytes]]) -> set[Leak]:
        """Search texts that have names."""
        lines = b"".join(text.replace(b"\n", _BREAK) + b"\n" for _, text in texts)
        found = set()
        for line in self._grep("--line-number", stdin=lines).splitlines():
            number, _, match = line.partition(b":")
            found.add(self.leak(match, texts[int(number) - 1][0]))
        return found

    def in_stream(self, place: str, command: Sequence[str]) -> set[Leak]:
        """Search all that a command prints, without keeping it."""
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as source:
            found = self._grep(stdin=source.stdout)
        if source.returncode:
            message = f"What is in {place} can't be read: `{' '.join(command)}` failed."
            raise SandboxError(message)
        return {self.leak(match, place) for match in found.splitlines()}

    def in_files(self, names: Sequence[str]) -> set[Leak]:
        """Search files, named by their paths."""
        if not names:
            return set()
        found = set()
        for line in self._grep("--with-filename", "--null", "--", *names).splitlines():
            file, _, match = line.partition(b"\0")
            found.add(self.leak(match, file.decode(errors="replace")))
        return found

    def _grep(self, *options: str, stdin: bytes | IO[bytes] | None = None) -> bytes:
        """Run grep; patterns go by a file that nobody else can read."""
        with NamedTemporaryFile() as patterns:
            patterns.write(self.patterns)
            patterns.flush()
            command = [*GREP, f"--file={patterns.name}", *options]
            text, source = (stdin, None) if isinstance(stdin, bytes) else (None, stdin)
            done = subprocess.run(
                command,
                check=False,
                capture_output=True,
                env={**os.environ, "LC_ALL": "C"},
                input=text,
                stdin=source,
            )
        if done.returncode > _NO_MATCH:
            message = f"grep failed: {done.stderr.decode(errors='replace').strip()}"
            raise SandboxError(message)
        return done.stdout


def _pieces(text: bytes) -> Iterator[bytes]:
    """Yield parts of a spelling, one of which is in any row of 35 of its characters."""
    if len(text) <= PIECE:
        parts = [text]
    else:
        starts = [*range(0, len(text) - PIECE, _STRIDE), len(text) - PIECE]
        parts = [text[start : start + PIECE] for start in starts]
    return (part for part in parts if b"\n" not in part)
