"""What the script changed: the tree as it is against the snapshot."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field

from docklet.droplet import snapshot
from docklet.droplet.hashing import blob_of
from docklet.droplet.ignore import Ignore
from docklet.droplet.large import LargeFiles, is_pointer
from docklet.droplet.pathspec import Selects
from docklet.droplet.snapshot import GITLINK, Entry
from docklet.droplet.tree import Found, Kind, open_file, walk

WORKFLOWS = b".github/workflows/"
_REASONS = {
    Kind.GIT: "its name is, or passes for, .git",
    Kind.ODD: "neither a regular file nor a symbolic link",
    Kind.UNREADABLE: "unreadable",
    Kind.TOO_DEEP: "too many directories deep",
}


@dataclass(frozen=True)
class Change:
    """A file or link that is new or different."""

    path: bytes
    mode: str
    size: int


@dataclass(frozen=True)
class LeftOut:
    """A path that can't be committed, and why."""

    path: bytes
    reason: str
    change: Change | None = None
    """Set if it goes into the archive all the same."""


@dataclass
class Changes:
    """The outcome of a comparison."""

    changed: list[Change] = field(default_factory=list)
    deleted: list[bytes] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    ignored: int = 0
    """New paths that `.gitignore` leaves out; a directory counts once."""


@dataclass(frozen=True)
class Rules:
    """What may not be committed."""

    ignore: Ignore
    large: LargeFiles
    max_file: int
    """Bytes."""


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
            raw = found.kind is Kind.FILE and not is_pointer(found.directory, found.name)
        except OSError:
            self._changes.left_out.append(LeftOut(found.path, _REASONS[Kind.UNREADABLE]))
            return
        change = Change(found.path, snapshot.mode_of(found.status), found.status.st_size)
        reason = self._objection(change)
        if not reason and raw and self._rules.large.claim(found.path):
            reason = "a file for Git LFS, to which docklet can't upload"
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
        if change.size > self._rules.max_file:
            return f"larger than {self._rules.max_file} bytes"
        return ""

    def _refuse(self, found: Found) -> None:
        if found.kind is not Kind.ODD:
            self._closed.append(found.path + b"/")
        ours = found.path == b".git" or (
            found.name == b".git" and found.path[:-5] in self._gitlinks
        )
        if not ours and self._selects(found.path):
            self._changes.left_out.append(LeftOut(found.path, _REASONS[found.kind]))

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
