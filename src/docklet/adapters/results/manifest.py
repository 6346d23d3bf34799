"""The manifest of a results archive: what the machine says that it sends, in one part or many.

    {"changed": [{"path": ...}], "deleted": [...], "left_out": [{"path": ..., "reason": ...}],
     "ignored": 0}

Paths are text that stands for bytes (UTF-8 with surrogateescape). Fields that are not ours to
know are ignored; known ones of another type raise `AgentError`.
"""

from __future__ import annotations

import json
from typing import Any, Final

from docklet.adapters.results.names import objection
from docklet.adapters.results.tar import Flaw, unreadable
from docklet.domain.errors import GitError
from docklet.domain.left_out import LeftOuts
from docklet.domain.outcome import LeftOut

MANIFEST: Final = b"manifest.json"
LARGEST_PART: Final = 64 * 1024**2
"""Bytes of JSON that are read at once; a hundred entries with the longest names need less."""
MAX_MEMBERS: Final = 1_000_000
"""Files that one run may change: minutes for git, and a few hundred bytes of memory for each. Of
more than that nobody has looked at what they cost, here or at the forge."""
_LONGEST_REASON: Final = 200
"""Characters; a reason is the end of a sentence, and it is the machine's."""


class Manifest:
    """What an archive announces."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.changed: dict[bytes, bool] = {}
        """Files and links that follow; true for those that have come."""
        self.spare: set[bytes] = set()
        """What the machine left out itself, but sends all the same."""
        self.left_out = LeftOuts()
        """What the machine left out, and deletions that may not be committed."""
        self.ignored = 0
        self._deleted: list[bytes] = []

    @property
    def deleted(self) -> tuple[bytes, ...]:
        """Files that the script removed."""
        return tuple(path for path in self._deleted if path not in self.changed)

    def add(self, part: bytes) -> None:
        """Read a part of it."""
        try:
            fields = json.loads(part)
            self.changed.update((_bytes(entry["path"]), False) for entry in fields["changed"])
            for entry in fields["left_out"]:
                self._leave_out(entry)
            for path in map(_bytes, fields["deleted"]):
                self._delete(path)
            self.ignored += int(fields["ignored"])
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise unreadable(Flaw.UNCLEAR) from error
        if len(self.changed) + len(self.spare) + len(self._deleted) > MAX_MEMBERS:
            raise crowded()

    def _leave_out(self, entry: Any) -> None:  # noqa: ANN401 - JSON can be anything
        """Read one entry of `left_out`."""
        path, reason = _bytes(entry["path"]), readable(_bytes(entry["reason"]))
        archived, lost = entry.get("archived") is True, entry.get("lost") is True
        if archived:
            self.spare.add(path)
        self.left_out.add(
            LeftOut(
                path=readable(path),
                reason=reason[:_LONGEST_REASON],
                archived=archived,
                lost=lost,
            )
        )

    def _delete(self, path: bytes) -> None:
        """Note a deletion, which may be one that is not committed."""
        reason = objection(path)
        if reason:
            told = f"its deletion can't be committed: {reason}"
            self.left_out.add(LeftOut(path=readable(path), reason=told))
        else:
            self._deleted.append(path)


def crowded() -> GitError:
    """Return the error for more files than git should be asked to take."""
    return GitError(
        f"The results are more than {MAX_MEMBERS:,} files, which is more than a commit can hold."
        " Nothing was committed; the archive has them all. Name fewer in `paths`, or have the"
        " script pack them."
    )


def readable(name: bytes) -> str:
    """Return a name as text that can be printed and encoded anywhere."""
    text = name.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _bytes(value: object) -> bytes:
    """Return the bytes that text stands for; `TypeError` or `ValueError` for what is no text."""
    if not isinstance(value, str):
        message = f"{value!r} is no text"
        raise TypeError(message)
    return value.encode("utf-8", "surrogateescape")
