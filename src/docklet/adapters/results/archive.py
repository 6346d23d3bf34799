"""Judge what a results archive holds: which files may be committed, and why the others may not.

The archive comes from a machine that a script had for itself. What can't be committed is left
out by name and never at the price of the rest; what is no results archive at all raises
`AgentError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from docklet.adapters.results.manifest import MANIFEST, Manifest, readable
from docklet.adapters.results.names import link_objection, objection
from docklet.adapters.results.tar import FILE, LINK, Flaw, Member, members, unreadable
from docklet.domain.errors import GitError
from docklet.domain.outcome import LeftOut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MAX_FILE: Final = 100 * 1024**2
"""Bytes; GitHub takes no larger file (GH001)."""
MAX_LARGE: Final = 2 * 1024**3
"""Bytes; GitHub takes no larger file for LFS on its free plans."""
MAX_TOTAL: Final = 2 * 1024**3
"""Bytes; GitHub takes no larger push."""
MAX_MEMBERS: Final = 200_000
"""Git takes minutes to write a commit of more files, and a reader for ever to look at it."""
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
    """One pass over an archive; `left_out` is complete when `files` is used up."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Read the manifest, which is the first member."""
        self._members = members(stream)
        self.manifest = Manifest.parse(self._first())
        if len(self.manifest.changed) > MAX_MEMBERS:
            raise _crowded()
        self.left_out: list[LeftOut] = list(self.manifest.left_out)
        self._seen: set[bytes] = set()
        self._unread: dict[bytes, str] = {}
        self._large: Collection[bytes] = ()
        self._total = 0

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
            if len(self._seen) + len(self._unread) > MAX_MEMBERS:
                raise _crowded()
        if self._unread:
            self._leave_out_unread()
        for path in sorted(self.manifest.changed - self._seen):
            self._leave_out(path, "it vanished while the results were packed", lost=True)

    def _first(self) -> bytes:
        """Return the manifest's text."""
        member = next(self._members, None)
        if member is None or member.name != MANIFEST or member.kind != FILE:
            raise unreadable(Flaw.UNANNOUNCED)
        if member.size > Manifest.LARGEST:
            raise _crowded()
        return b"".join(member.content)

    def _judged(self, member: Member, path: bytes) -> Iterator[ResultFile]:
        """Yield the member or leave it out; of two with one name the first one counts."""
        if path in self._seen:
            return
        self._seen.add(path)
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
        """Note that a result could not be read."""
        name = member.name.removeprefix(_UNREAD)
        said = next(iter(member.content), b"")[:_LONGEST_REASON]
        self._unread[name.removeprefix(_FILES).removeprefix(_LEFT_OUT)] = readable(said)

    def _leave_out_unread(self) -> None:
        """Leave out what could not be read, whatever the manifest says of it."""
        self._seen |= self._unread.keys()
        unread = {readable(path): reason for path, reason in self._unread.items()}
        known = {one.path for one in self.left_out} | set(map(readable, self.manifest.changed))
        self.left_out = [one for one in self.left_out if one.path not in unread]
        self.left_out += [
            LeftOut(path=path, reason=reason, lost=True)
            for path, reason in unread.items()
            if path in known
        ]

    def _leave_out(self, path: bytes, reason: str, *, lost: bool = False) -> None:
        """Note that a result is not committed."""
        left_out = LeftOut(path=readable(path), reason=reason, archived=not lost, lost=lost)
        self.left_out.append(left_out)


def _with_next(found: Iterator[Member]) -> Iterator[tuple[Member, Member | None]]:
    """Yield each member together with the one behind it."""
    member = next(found, None)
    while member is not None:
        behind = next(found, None)
        yield member, behind
        member = behind


def _crowded() -> GitError:
    """Return the error for more files than git should be asked to take."""
    return GitError(
        f"The results are more than {MAX_MEMBERS:,} files, which is more than a commit can hold."
        " Nothing was committed; the archive has them all. Name fewer in `paths`, or have the"
        " script pack them."
    )
