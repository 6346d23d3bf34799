"""Judge what a results archive holds: which files may be committed, and why the others may not.

The archive comes from a machine that a script had for itself. What can't be committed is left
out by name and never at the price of the rest; what is no results archive at all raises
`AgentError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import IO, TYPE_CHECKING, Final

from docklet.adapters.results import manifest
from docklet.adapters.results.manifest import (
    LARGEST_PART,
    MANIFEST,
    Manifest,
    crowded,
    readable,
)
from docklet.adapters.results.names import link_objection, objection
from docklet.adapters.results.tar import FILE, LINK, Flaw, Member, members, unreadable
from docklet.domain.outcome import LeftOut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MAX_FILE: Final = 100 * 1024**2
"""Bytes; GitHub takes no larger file (GH001)."""
MAX_LARGE: Final = 2 * 1024**3
"""Bytes; GitHub takes no larger file for LFS on its free plans."""
MAX_TOTAL: Final = 2 * 1024**3
"""Bytes; GitHub takes no larger push."""
_FILES: Final = b"files/"
_LEFT_OUT: Final = b"left-out/"
_UNREAD: Final = b"unread/"
"""What stands before the name of a member that the machine could not read to its end, in that of
the member right behind it; its content says why."""
_LONGEST_REASON: Final = 200
"""Bytes; a reason is the end of a sentence, and it is the machine's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A file or symbolic link that may be committed."""

    path: bytes
    mode: str
    """Git's file mode."""
    size: int
    content: Iterator[bytes]
    """Its bytes in chunks; gone once the next file is asked for."""
    large: bool = False
    """Whether it belongs into Git LFS."""


class ResultsArchive:
    """One pass over an archive."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Read the manifest, which is all that comes first."""
        self.manifest = Manifest()
        self._members = self._behind_manifest(members(stream))
        self._large: Collection[bytes] = ()
        self._count = 0
        self._total = 0

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What is not committed, and why; complete when `files` is used up."""
        return self.manifest.left_out.told()

    def files(self, large: Collection[bytes] = ()) -> Iterator[ResultFile]:
        """Yield what may be committed, in the archive's order; `large` are paths for LFS."""
        self._large = large
        for member, behind in _with_next(self._members):
            if member.name.startswith(_UNREAD):
                self._note_unread(member)
            elif behind is not None and behind.name == _UNREAD + member.name:
                continue  # zeros stand where the rest of it should be
            elif member.name.startswith(_FILES):
                yield from self._judged(member, member.name.removeprefix(_FILES))
            elif not member.name.startswith(_LEFT_OUT):
                raise unreadable(Flaw.STRANGER)
        for path, came in self.manifest.changed.items():
            if not came:
                self._leave_out(path, "it vanished while the results were packed", lost=True)

    def _behind_manifest(self, found: Iterator[Member]) -> Iterator[Member]:
        """Read the manifest's parts; return the members behind them."""
        first = member = next(found, None)
        while member is not None and member.name == MANIFEST and member.kind == FILE:
            if member.size > LARGEST_PART:
                raise crowded()
            self.manifest.add(b"".join(member.content))
            member = next(found, None)
        if member is first:
            raise unreadable(Flaw.UNANNOUNCED)
        return found if member is None else chain([member], found)

    def _judged(self, member: Member, path: bytes) -> Iterator[ResultFile]:
        """Yield the member or leave it out; of two with one name the first one counts."""
        self._count_one()
        came = self.manifest.changed.get(path)
        if came:
            return
        if came is not None:
            self.manifest.changed[path] = True
        reason = self._objection(member, path)
        if reason:
            self._leave_out(path, reason)
        elif member.kind == LINK:
            target = member.target
            yield ResultFile(path=path, mode="120000", size=len(target), content=iter([target]))
        else:
            large = path in self._large
            self._total += 0 if large else member.size
            mode = "100755" if member.executable else "100644"
            size, content = member.size, member.content
            yield ResultFile(path=path, mode=mode, size=size, content=content, large=large)

    def _count_one(self) -> None:
        """Count a member that costs time or memory, announced or not."""
        self._count += 1
        if self._count > manifest.MAX_MEMBERS:
            raise crowded()

    def _objection(self, member: Member, path: bytes) -> str:
        """Say why a member can't be committed; empty when it can."""
        if path not in self.manifest.changed:
            return "it was sent without being announced"
        if member.kind == LINK:
            return objection(path, is_link=True) or link_objection(path, member.target)
        if member.kind != FILE:
            return "it is neither a regular file nor a symbolic link"
        return objection(path) or self._too_large(path, member.size)

    def _too_large(self, path: bytes, size: int) -> str:
        """Say that a file is larger than the forge takes; empty when it is not."""
        large = path in self._large
        most, who = (MAX_LARGE, "Git LFS") if large else (MAX_FILE, "GitHub")
        if size > most:
            return f"it is larger than the {most // 1024**2} MiB that {who} takes"
        if not large and self._total + size > MAX_TOTAL:
            return f"all results together are larger than the {MAX_TOTAL // 1024**3} GiB of a push"
        return ""

    def _note_unread(self, member: Member) -> None:
        """Leave out what could not be read, if it was announced."""
        name = member.name.removeprefix(_UNREAD)
        said = readable(next(iter(member.content), b"")[:_LONGEST_REASON])
        path = name.removeprefix(_FILES)
        if name.startswith(_FILES) and self.manifest.changed.get(path) is False:
            self.manifest.changed[path] = True
            self._leave_out(path, said, lost=True)
        path = name.removeprefix(_LEFT_OUT)
        if name.startswith(_LEFT_OUT) and path in self.manifest.spare:
            self.manifest.spare.discard(path)
            self.manifest.left_out.correct(LeftOut(path=readable(path), reason=said, lost=True))

    def _leave_out(self, path: bytes, reason: str, *, lost: bool = False) -> None:
        """Note that a result is not committed."""
        left_out = LeftOut(path=readable(path), reason=reason, archived=not lost, lost=lost)
        self.manifest.left_out.add(left_out)


def _with_next(found: Iterator[Member]) -> Iterator[tuple[Member, Member | None]]:
    """Yield each member together with the one behind it."""
    member = next(found, None)
    while member is not None:
        behind = next(found, None)
        yield member, behind
        member = behind
