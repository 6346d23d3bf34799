"""Walking a tree that a hostile root has made.

Nothing is reached by its full path: every step opens one name below an open directory and
follows no link, so a tree that changes under us can mislead us about itself only.
"""

from __future__ import annotations

import os
import stat
from enum import Enum
from typing import Callable, Iterator, List, NamedTuple, Tuple

MAX_DEPTH = 256
"""Each level costs an open descriptor; paths that git and people use end long before."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK the open of a FIFO would wait for a writer that never comes.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_STATUS = os.stat_result((0,) * 10)
# Characters that macOS ignores in names, so that `.g\u200cit` is `.git` to it.
_HFS_IGNORES = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)


class Kind(Enum):
    """What a path turned out to be."""

    FILE = "file"
    LINK = "link"
    GIT = "git"
    """`.git`, or something that some file system takes for it."""
    ODD = "odd"
    """A FIFO, socket or device."""
    UNREADABLE = "unreadable"
    TOO_DEEP = "too-deep"


class Found(NamedTuple):
    """One path of the tree; a directory shows up only if it can't be entered."""

    path: bytes
    kind: Kind
    status: os.stat_result
    """Without meaning where that can't be read."""
    directory: int
    """Descriptor of the directory that holds it; open until the next step."""

    @property
    def name(self) -> bytes:
        """The last part of the path."""
        return self.path.rpartition(b"/")[2]


Enter = Callable[[bytes, int], bool]
_Level = Tuple[int, bytes, List[bytes]]


def open_tree(path: str) -> int:
    """Open a tree's root."""
    return os.open(path, _DIRECTORY)


def walk(root: int, enter: Enter) -> Iterator[Found]:
    """Yield all files below `root`, depth first, names in order.

    `enter` gets each directory's path and descriptor, and says whether to go in.
    """
    levels: list[_Level] = []
    if enter(b"", root):
        levels.append(_level(os.dup(root), b""))
    try:
        while levels:
            directory, prefix, names = levels[-1]
            if not names:
                os.close(levels.pop()[0])
                continue
            name = names.pop()
            found = _look(directory, prefix, name, len(levels))
            if found is None:
                continue
            if not stat.S_ISDIR(found.status.st_mode) or found.kind is not Kind.FILE:
                yield found
                continue
            try:
                below = _below(found, enter)
            except OSError:
                yield found._replace(kind=Kind.UNREADABLE)
                continue
            if below is not None:
                levels.append(below)
    finally:
        for directory, _, _ in levels:
            os.close(directory)


def open_file(directory: int, name: bytes) -> int:
    """Open a regular file below a directory; raise `OSError` for anything else."""
    descriptor = os.open(name, _FILE, dir_fd=directory)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError
    return descriptor


def open_parent(root: int, path: bytes) -> tuple[int, bytes]:
    """Open the directory that holds `path`, link by no link, and return it with the name."""
    *parents, name = path.split(b"/")
    directory = os.dup(root)
    for parent in parents:
        try:
            below = os.open(parent, _DIRECTORY, dir_fd=directory)
        finally:
            os.close(directory)
        directory = below
    return directory, name


def is_git(name: bytes) -> bool:
    """Tell whether git, or some file system, takes a name for `.git`."""
    text = name.decode("utf-8", "replace").translate(_HFS_IGNORES)
    first = text.replace("\\", ":").split(":")[0]
    return first.rstrip(" .").lower() in {".git", "git~1"}


def _below(found: Found, enter: Enter) -> _Level | None:
    opened = os.open(found.name, _DIRECTORY, dir_fd=found.directory)
    try:
        level = _level(opened, found.path + b"/") if enter(found.path, opened) else None
    except BaseException:
        os.close(opened)
        raise
    if level is None:
        os.close(opened)
    return level


def _level(directory: int, prefix: bytes) -> _Level:
    with os.scandir(directory) as entries:  # not all names twice, there may be a million
        names = sorted((os.fsencode(entry.name) for entry in entries), reverse=True)
    return directory, prefix, names


def _look(directory: int, prefix: bytes, name: bytes, depth: int) -> Found | None:
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None  # gone since it was listed
    except OSError:
        return Found(prefix + name, Kind.UNREADABLE, _NO_STATUS, directory)
    return Found(prefix + name, _kind(name, status, depth), status, directory)


def _kind(name: bytes, status: os.stat_result, depth: int) -> Kind:
    if is_git(name):
        return Kind.GIT
    if stat.S_ISLNK(status.st_mode):
        return Kind.LINK
    if stat.S_ISDIR(status.st_mode):
        return Kind.TOO_DEEP if depth >= MAX_DEPTH else Kind.FILE
    return Kind.FILE if stat.S_ISREG(status.st_mode) else Kind.ODD
