"""The tree's state before the script: what results are told apart from.

It is written before the container exists and lies outside its reach, so it can be trusted when
nothing in the tree can be. A file whose size, times and inode are as noted is unchanged; any
other is compared by content.
"""

from __future__ import annotations

import os
import stat
from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Tuple

from docklet.droplet.git import Git
from docklet.droplet.hashing import blob_of
from docklet.droplet.home import Home, write_json

GITLINK = "160000"
Stamp = Tuple[int, int, int, int]


class Entry(NamedTuple):
    """One path of the commit."""

    mode: str
    """Git's file mode; `160000` for a submodule's directory."""
    blob: str
    """Id of the content that was checked out, which filters may make differ from the commit's."""
    stamp: Stamp
    """Size, modification and change time in ns, inode."""


def take(home: Home, git: Git) -> int:
    """Note the state of a fresh checkout and return how many files it has."""
    entries = dict(_entries(git, b""))
    write(home, entries)
    return sum(entry.mode != GITLINK for entry in entries.values())


def refresh(home: Home) -> None:
    """Note the stamps again, after something of ours (a chown) has changed them."""
    tree = os.fsencode(home.work)
    write(
        home,
        {
            path: entry._replace(stamp=stamp_of(os.lstat(os.path.join(tree, path))))
            for path, entry in read(home).items()
        },
    )


def write(home: Home, entries: Mapping[bytes, Entry]) -> None:
    """Write the snapshot, whole or not at all."""
    partial = f"{home.snapshot}.partial"
    with open(partial, "wb") as file:
        for path, (mode, blob, stamp) in entries.items():
            head = " ".join((mode, blob, *map(str, stamp)))
            file.write(head.encode("ascii") + b"\t" + path + b"\0")
    os.replace(partial, home.snapshot)


def write_note(home: Home, note: Mapping[str, Any]) -> None:
    """Write beside the snapshot what it is a snapshot of."""
    write_json(f"{home.snapshot}.json", note)


def read(home: Home) -> dict[bytes, Entry]:
    """Return the snapshot, by path."""
    with open(home.snapshot, "rb") as file:
        return dict(parse(file.read().split(b"\0")))


def parse(records: Iterable[bytes]) -> Iterator[tuple[bytes, Entry]]:
    """Read the snapshot's records."""
    for record in records:
        if record:
            head, _, path = record.partition(b"\t")
            mode, blob, *numbers = head.decode("ascii").split()
            size, mtime, ctime, inode = map(int, numbers)
            yield path, Entry(mode, blob, (size, mtime, ctime, inode))


def stamp_of(status: os.stat_result) -> Stamp:
    """Return what tells whether a file was touched; nothing in a container can set a ctime."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def mode_of(status: os.stat_result) -> str:
    """Return git's file mode."""
    if stat.S_ISLNK(status.st_mode):
        return "120000"
    return "100755" if status.st_mode & stat.S_IXUSR else "100644"


def _entries(git: Git, prefix: bytes) -> Iterator[tuple[bytes, Entry]]:
    tree = os.fsencode(git.tree)
    for line in git.run("ls-tree", "-r", "-l", "-z", "--full-tree", "HEAD").split(b"\0"):
        if not line:
            continue
        head, _, path = line.partition(b"\t")
        mode, _kind, blob, size = head.decode("ascii").split()
        full = os.path.join(tree, path)
        if mode == GITLINK:
            yield prefix + path, Entry(mode, blob, (0, 0, 0, 0))
            if os.path.lexists(os.path.join(full, b".git")):
                inside = git.inside(os.fsdecode(path))
                yield from _entries(inside, prefix + path + b"/")
            continue
        yield prefix + path, _entry(full, mode, blob, int(size))


def _entry(path: bytes, mode: str, blob: str, size: int) -> Entry:
    status = os.lstat(path)
    if status.st_size != size and stat.S_ISREG(status.st_mode):
        # git-lfs, line ends, encodings: what lies there is not what the commit holds.
        with open(path, "rb") as file:
            blob = blob_of(file, status.st_size, blob)
    return Entry(mode, blob, stamp_of(status))
