"""The manifest of a results archive: what the machine says that it sends.

    {"changed": [{"path": ...}], "deleted": [...], "left_out": [{"path": ..., "reason": ...}],
     "ignored": 0}

Paths are text that stands for bytes (UTF-8 with surrogateescape). Fields that are not ours to
know are ignored; known ones of another type raise `AgentError`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from docklet.adapters.results.names import objection
from docklet.adapters.results.tar import Flaw, unreadable
from docklet.domain.outcome import LeftOut

MANIFEST: Final = b"manifest.json"
_LONGEST_REASON: Final = 200
"""Characters; a reason is the end of a sentence, and it is the machine's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an archive announces."""

    LARGEST: ClassVar[int] = 64 * 1024**2
    """Bytes of JSON that are read; the most files with rather long names need half of it."""

    changed: frozenset[bytes]
    """Files and links that follow."""
    deleted: tuple[bytes, ...]
    """Files that the script removed."""
    left_out: tuple[LeftOut, ...]
    """What the machine left out itself, and deletions that may not be committed."""
    ignored: int

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a manifest."""
        try:
            fields = json.loads(text)
            left_out = tuple(map(_left_out, fields["left_out"]))
            deleted = tuple(_bytes(path) for path in fields["deleted"])
            changed = frozenset(_bytes(entry["path"]) for entry in fields["changed"])
            ignored = int(fields["ignored"])
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise unreadable(Flaw.UNCLEAR) from error
        refused = {path: reason for path in deleted if (reason := objection(path))}
        return cls(
            changed=changed,
            deleted=tuple(path for path in deleted if path not in refused and path not in changed),
            left_out=(*left_out, *(_kept(path, reason) for path, reason in refused.items())),
            ignored=ignored,
        )


def readable(name: bytes) -> str:
    """Return a name as text that can be printed and encoded anywhere."""
    text = name.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _bytes(value: object) -> bytes:
    """Return the bytes that text stands for; `TypeError` or `ValueError` for what is no text."""
    if not isinstance(value, str):
        message = f"{value!r} is no text"
        raise TypeError(message)
    return value.encode("utf-8", "surrogateescape")


def _left_out(entry: Any) -> LeftOut:  # noqa: ANN401 - JSON can be anything
    """Read one entry of `left_out`."""
    reason = readable(_bytes(entry["reason"]))[:_LONGEST_REASON]
    return LeftOut(
        path=readable(_bytes(entry["path"])),
        reason=reason,
        archived=entry.get("archived") is True,
        lost=entry.get("lost") is True,
    )


def _kept(path: bytes, reason: str) -> LeftOut:
    """Return the note for a deletion that is not committed."""
    return LeftOut(path=readable(path), reason=f"its deletion can't be committed: {reason}")
