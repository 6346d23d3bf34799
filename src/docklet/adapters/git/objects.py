"""git's own notations: blobs going in, trees coming out, index entries; no git needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.adapters.results.manifest import readable
from docklet.domain.outcome import LeftOut
from docklet.ports import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docklet.adapters.results.archive import ResultFile
    from docklet.ports import CommitMessage

DELETED: Final = "000000"
_NO_BLOB: Final = "0" * 40
_BOTH: Final = "its name is that of a directory as well"


def blob_stream(files: Iterable[ResultFile], found: list[tuple[bytes, str]]) -> Iterator[bytes]:
    """Yield `files` for `git fast-import`; note path and mode of blob N at `found[N - 1]`."""
    for mark, file in enumerate(files, start=1):
        yield f"blob\nmark :{mark}\ndata {file.size}\n".encode()
        yield from file.content
        yield b"\n"
        found.append((file.path, file.mode))
    yield b"done\n"


def without_conflicts(
    added: Iterable[Change], deleted: Iterable[bytes]
) -> tuple[tuple[Change, ...], tuple[LeftOut, ...]]:
    """Return the changes that one tree can hold, and what has to go.

    A name can't be a file and a directory at once; what is in the directory stays. Names that
    differ in case only are two files here, as they were for the script.
    """
    added = tuple(added)
    directories = {folder for change in added for folder in _folders(change.path)}
    kept = [change for change in added if change.path not in directories]
    gone = [Change(path=path, mode=DELETED, blob="") for path in deleted]
    return (*gone, *kept), tuple(
        LeftOut(path=readable(change.path), reason=_BOTH, archived=True)
        for change in added
        if change.path in directories
    )


def index_lines(changes: Iterable[Change]) -> Iterator[bytes]:
    """Yield `changes` for `git update-index -z --index-info`, deletions first.

    So a file can take the place of a directory and the other way round.
    """
    for change in sorted(changes, key=lambda change: change.mode != DELETED):
        blob = change.blob or _NO_BLOB
        yield b"%s %s\t%s\0" % (change.mode.encode(), blob.encode(), change.path)


def identities(message: CommitMessage, now: float) -> dict[str, str]:
    """Return who made a commit and when, as git's environment says it."""
    names = {}
    for role, person in (("AUTHOR", message.author), ("COMMITTER", message.committer)):
        name, _, mail = person.rpartition("<")
        names[f"GIT_{role}_NAME"] = name.strip()
        names[f"GIT_{role}_EMAIL"] = mail.strip().rstrip(">")
        names[f"GIT_{role}_DATE"] = f"@{int(now)} +0000"
    return names


def read_tree(listing: bytes) -> dict[bytes, tuple[str, str]]:
    """Return mode and blob by path from the output of `git ls-tree -r -z`."""
    tree = {}
    for line in listing.split(b"\0")[:-1]:
        entry, _, path = line.partition(b"\t")
        mode, _, blob = entry.decode().split(" ")
        tree[path] = (mode, blob)
    return tree


def _folders(path: bytes) -> Iterator[bytes]:
    """Yield the directories that a path is in."""
    while b"/" in path:
        path = path.rpartition(b"/")[0]
        yield path
