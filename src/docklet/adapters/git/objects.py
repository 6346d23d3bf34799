"""git's own notations: blobs going in, trees coming out, index entries; no git needed."""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING, Final

from docklet.adapters.git.changes import ChangeList
from docklet.adapters.results.manifest import readable
from docklet.domain.errors import GitError
from docklet.domain.outcome import LeftOut
from docklet.ports import Change

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from docklet.adapters.results.archive import ResultFile
    from docklet.ports import CommitMessage

DELETED: Final = "000000"
_NO_BLOB: Final = "0" * 40
_BOTH: Final = "its name is that of a directory as well"


def blob_stream(files: Iterable[ResultFile], found: ChangeList) -> Iterator[bytes]:
    """Yield `files` for `git fast-import`; note path and mode of blob N at `found[N - 1]`."""
    for mark, file in enumerate(files, start=1):
        yield f"blob\nmark :{mark}\ndata {file.size}\n".encode()
        yield from file.content
        yield b"\n"
        found.append(Change(path=file.path, mode=file.mode, blob=""))
    yield b"done\n"


def marked(lines: Iterable[str]) -> Iterator[str]:
    """Yield the blobs that fast-import exported; their marks have to be 1, 2, 3 and so on."""
    for number, line in enumerate(lines, start=1):
        mark, blob = line.split()
        if mark != f":{number}":
            message = f"git fast-import noted {mark} where blob {number} belongs."
            raise GitError(message)
        yield blob


def without_conflicts(
    added: Collection[Change], deleted: Iterable[bytes]
) -> tuple[Sequence[Change], Iterator[LeftOut]]:
    """Return the changes that one tree can hold, and what has to go.

    A name can't be a file and a directory at once; what is in the directory stays. Names that
    differ in case only are two files here, as they were for the script.
    """
    directories = folders(change.path for change in added)
    kept = (change for change in added if change.path not in directories)
    gone = (Change(path=path, mode=DELETED, blob="") for path in deleted)
    return ChangeList(chain(gone, kept)), (
        LeftOut(path=readable(change.path), reason=_BOTH, archived=True)
        for change in added
        if change.path in directories
    )


def folders(paths: Iterable[bytes]) -> set[bytes]:
    """Return all directories that the paths are in, but for the top."""
    found: set[bytes] = set()
    for path in paths:
        folder = path.rpartition(b"/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition(b"/")[0]
    return found


def index_lines(changes: Collection[Change]) -> Iterator[bytes]:
    """Yield `changes` for `git update-index -z --index-info`, deletions first.

    So a file can take the place of a directory and the other way round.
    """
    gone = (change for change in changes if change.mode == DELETED)
    for change in chain(gone, (change for change in changes if change.mode != DELETED)):
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


def read_tree(entries: Iterable[bytes]) -> dict[bytes, tuple[str, str]]:
    """Return mode and blob by path from the entries of `git ls-tree -r -z`."""
    tree = {}
    for line in entries:
        entry, _, path = line.partition(b"\t")
        mode, _, blob = entry.decode().split(" ")
        tree[path] = (sys.intern(mode), blob)
    return tree
