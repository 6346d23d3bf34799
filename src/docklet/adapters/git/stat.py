"""What a commit changes against its parent, as git's listings have it; no git needed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from docklet.domain.outcome import Committed, CommittedFile, FileChange, Others

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

MOST_NAMED: Final = 1000
"""Files of a commit that are named."""
MOST_ALIKE: Final = 100
"""Those of one extension, so that a report is named among a million samples."""
_SYMLINK: Final = "120000"


def changed_blobs(fields: Iterable[bytes]) -> Iterator[tuple[str, FileChange, str, bytes]]:
    """Yield mode, kind of change, blob and path from `git diff-tree -r -z --raw`."""
    left = iter(fields)
    for entry, path in zip(left, left, strict=True):
        _, mode, _, blob, status = entry.decode().split(" ")
        yield mode, _KINDS.get(status, FileChange.CHANGED), blob, path


def sizes(lines: Iterable[bytes]) -> Iterator[int | None]:
    """Yield the sizes from `git cat-file --batch-check=%(objectsize)`; None for what is absent."""
    for line in lines:
        yield int(line) if line.strip().isdigit() else None


def committed(
    blobs: Iterable[tuple[str, FileChange, str, bytes]],
    lines: Iterable[bytes],
    pointers: Collection[str],
) -> Committed:
    """Put the two listings together; of `pointers`, which stand for LFS files, no size is told."""
    files: list[CommittedFile] = []
    alike, counts, size = Counter[bytes](), Counter[FileChange](), 0
    for (mode, change, blob, path), there in zip(blobs, sizes(lines), strict=True):
        known = None if change is FileChange.DELETED or blob in pointers else there
        extension = path.rpartition(b"/")[2].rpartition(b".")[2]
        if len(files) < MOST_NAMED and alike[extension] < MOST_ALIKE:
            alike[extension] += 1
            files.append(_file(mode, change, known, path))
        else:
            counts[change] += 1
            size += known or 0
    return Committed(files=tuple(files), others=Others(counts=dict(counts), size=size))


def _file(mode: str, change: FileChange, size: int | None, path: bytes) -> CommittedFile:
    """Return one file as it is told."""
    return CommittedFile(
        path=path.decode("utf-8", "surrogateescape"),
        change=change,
        size=size,
        regular=mode != _SYMLINK,
    )


_KINDS: Final = {"A": FileChange.NEW, "D": FileChange.DELETED}
