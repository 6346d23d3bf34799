"""What the script changed: the tree as it is against the snapshot."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from typing import NamedTuple

from docklet.droplet import snapshot
from docklet.droplet.hashing import blob_of
from docklet.droplet.ignore import Ignore
from docklet.droplet.large import LargeFiles
from docklet.droplet.pathspec import Selects
from docklet.droplet.snapshot import GITLINK, Entry
from docklet.droplet.spool import Spool
from docklet.droplet.tree import Found, Kind, open_file, walk

_LOST = {Kind.UNREADABLE, Kind.TOO_DEEP}
WORKFLOWS = b".github/workflows/"
LONGEST_PATH = 4096
"""Bytes; a path must be shorter for a program to open it by its name (PATH_MAX)."""
_REASONS = {
    Kind.GIT: "its name is, or passes for, .git",
    Kind.ODD: "neither a regular file nor a symbolic link",
    Kind.UNREADABLE: "unreadable",
    Kind.TOO_DEEP: "too many directories deep",
}


class Change(NamedTuple):
    """A file or link that is new or different; a tuple, since there may be a million."""

    path: bytes
    mode: str
    size: int


class LeftOut(NamedTuple):
    """A path that can't be committed, and why."""

    path: bytes
    reason: str
    change: Change | None = None
    """Set if it goes into the archive all the same."""
    lost: bool = False
    """Whether it is a result of which nothing is left once the machine is gone."""


@dataclass
class Changes:
    """The outcome of a comparison."""

    changed: Spool[Change] = field(default_factory=Spool)
    deleted: Spool[bytes] = field(default_factory=Spool)
    left_out: Spool[LeftOut] = field(default_factory=Spool)
    ignored: int = 0
    """New paths that `.gitignore` leaves out; a directory counts once."""


@dataclass(frozen=True)
class Rules:
    """What may not be committed."""

    ignore: Ignore
    large: LargeFiles
    max_file: int
    """Bytes."""
    max_large: int
    """Bytes of a file for LFS."""

    def limit(self, path: bytes, size: int) -> int:
        """Return how large a file may be, which may take git's word if it is `size`."""
        large = size > self.max_file and self.large.claim(path)
        return self.max_large if large else self.max_file


class Comparison:
    """One pass over the tree."""

    def __init__(self, before: dict[bytes, Entry], selects: Selects, rules: Rules) -> None:
        self._missing = dict(before)
        self._parents = _parents(before)
        self._gitlinks = [path for path, entry in before.items() if entry.mode == GITLINK]
        self._closed: list[bytes] = []
        self._selects = selects
        self._rules = rules
        self._changes = Changes()

    def run(self, root: int) -> Changes:
        """Compare the tree below `root` with the snapshot."""
        for found in walk(root, self._enter):
            self._take(found)
        for path, entry in self._missing.items():
            if entry.mode != GITLINK and self._selects(path) and not self._is_closed(path):
                self._delete(path)
        return self._changes

    def _enter(self, path: bytes, directory: int) -> bool:
        known = not path or path in self._parents
        if not known and self._rules.ignore.leaves_out(path, is_directory=True):
            self._changes.ignored += self._selects(path)
            return False
        self._rules.ignore.enter(path, directory)
        self._rules.large.enter(path, directory)
        return True

    def _take(self, found: Found) -> None:
        entry = self._missing.pop(found.path, None)
        if found.kind in _REASONS:
            self._refuse(found)
        elif not self._selects(found.path):
            return
        elif entry is None and self._rules.ignore.leaves_out(found.path):
            self._changes.ignored += 1
        else:
            self._compare(found, entry)

    def _compare(self, found: Found, entry: Entry | None) -> None:
        try:
            if entry is not None and _same(found, entry):
                return
            if found.kind is Kind.FILE:
                os.close(open_file(found.directory, found.name))
        except OSError:
            self._refuse(found._replace(kind=Kind.UNREADABLE))
            return
        change = Change(found.path, snapshot.mode_of(found.status), found.status.st_size)
        reason = self._objection(change)
        if reason:
            self._changes.left_out.append(LeftOut(found.path, reason, change))
        else:
            self._changes.changed.append(change)

    def _objection(self, change: Change) -> str:
        submodule = self._submodule_of(change.path)
        if submodule is not None:
            return f"inside the submodule {os.fsdecode(submodule)!r}"
        if change.path.startswith(WORKFLOWS):
            return "a workflow file, which the run's token may not change"
        if len(change.path) >= LONGEST_PATH:
            return f"its path has {LONGEST_PATH} bytes or more"
        limit = self._rules.limit(change.path, change.size)
        return f"larger than {limit} bytes" if change.size > limit else ""

    def _refuse(self, found: Found) -> None:
        if found.kind is not Kind.ODD and found.path in self._parents:
            self._closed.append(found.path + b"/")
        ours = found.path == b".git" or (
            found.name == b".git" and found.path[:-5] in self._gitlinks
        )
        if not ours and self._selects(found.path):
            left_out = LeftOut(found.path, _REASONS[found.kind], lost=found.kind in _LOST)
            self._changes.left_out.append(left_out)

    def _delete(self, path: bytes) -> None:
        reason = self._objection(Change(path, "000000", 0))
        if reason:
            self._changes.left_out.append(LeftOut(path, f"deleted {reason}"))
        else:
            self._changes.deleted.append(path)

    def _submodule_of(self, path: bytes) -> bytes | None:
        inside = (link for link in self._gitlinks if (path + b"/").startswith(link + b"/"))
        return next(inside, None)

    def _is_closed(self, path: bytes) -> bool:
        return any(path.startswith(closed) for closed in self._closed)


def _same(found: Found, entry: Entry) -> bool:
    if snapshot.mode_of(found.status) != entry.mode:
        return False
    if snapshot.stamp_of(found.status) == entry.stamp:
        return True
    if found.status.st_size != entry.stamp[0]:
        return False
    if found.kind is Kind.LINK:
        target = os.readlink(found.name, dir_fd=found.directory)
        return blob_of(io.BytesIO(target), len(target), entry.blob) == entry.blob
    with open(open_file(found.directory, found.name), "rb") as file:
        return blob_of(file, found.status.st_size, entry.blob) == entry.blob


def _parents(paths: dict[bytes, Entry]) -> set[bytes]:
    parents = set()
    for path, entry in paths.items():
        current = path if entry.mode == GITLINK else path.rpartition(b"/")[0]
        while current and current not in parents:
            parents.add(current)
            current = current.rpartition(b"/")[0]
    return parents
