"""What a commit changes against its parent, as git's listings have it; no git needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.outcome import CommittedFile, FileChange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_SYMLINK: Final = "120000"


def changed_blobs(listing: bytes) -> Iterator[tuple[str, FileChange, str, bytes]]:
    """Yield mode, kind of change, blob and path from the output of `git diff-tree -r -z --raw`."""
    fields = iter(listing.split(b"\0"))
    for entry, path in zip(fields, fields, strict=False):
        _, mode, _, blob, status = entry.decode().split(" ")
        yield mode, _KINDS.get(status, FileChange.CHANGED), blob, path


def sizes(listing: bytes) -> Iterator[int | None]:
    """Yield the sizes from `git cat-file --batch-check=%(objectsize)`; None for what is absent."""
    for line in listing.decode().splitlines():
        yield int(line) if line.isdecimal() else None


def committed(
    blobs: Collection[tuple[str, FileChange, str, bytes]],
    listing: bytes,
    pointers: Collection[str],
) -> tuple[CommittedFile, ...]:
    """Put the two listings together; of `pointers`, which stand for LFS files, no size is told."""
    return tuple(
        CommittedFile(
            path=path.decode("utf-8", "surrogateescape"),
            change=change,
            size=None if change is FileChange.DELETED or blob in pointers else size,
            regular=mode != _SYMLINK,
        )
        for (mode, change, blob, path), size in zip(blobs, sizes(listing), strict=True)
    )


_KINDS: Final = {"A": FileChange.NEW, "D": FileChange.DELETED}
