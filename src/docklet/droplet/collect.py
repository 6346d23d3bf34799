"""Verb `collect`: the results as a tar stream, in one pass and in bounded memory.

First `manifest.json`, then `files/<path>` for what may be committed, then `left-out/<path>` for
what may not but must not be lost either. Archive names and JSON paths carry any bytes
(surrogateescape). A file that shrinks meanwhile is padded, one that grows is cut, one that
vanishes has no member.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from typing import IO, Iterable

from docklet.droplet import snapshot
from docklet.droplet.changes import Change, Changes, Comparison, LeftOut, Rules
from docklet.droplet.home import Home
from docklet.droplet.ignore import Ignore
from docklet.droplet.large import LargeFiles
from docklet.droplet.mirror import Mirror
from docklet.droplet.pathspec import selecting
from docklet.droplet.request import Request
from docklet.droplet.room import fit
from docklet.droplet.tree import open_file, open_parent, open_tree

MAX_FILE = 100 * 1024 * 1024
"""GitHub's limit."""
MAX_LARGE = 2 * 1024 * 1024 * 1024
"""GitHub's limit for a file in Git LFS, on its free plans."""
_BUFFER = 1 << 20
_LINK = "120000"


def collect(home: Home, request: Request, out: IO[bytes]) -> int:
    """Stream what the script changed under the given paths."""
    root = open_tree(home.work)
    changes, manifest = _compare(home, request, root)
    with tarfile.open(
        fileobj=out,
        mode="w|",
        bufsize=_BUFFER,
        format=tarfile.PAX_FORMAT,
        encoding="utf-8",
        errors="surrogateescape",
    ) as archive:
        member = tarfile.TarInfo("manifest.json")
        member.size = manifest.tell()
        manifest.seek(0)
        archive.addfile(member, manifest)
        for change in changes.changed:
            _add(archive, root, "files/", change)
        for left_out in changes.left_out:
            if left_out.change is not None:
                _add(archive, root, "left-out/", left_out.change)
    out.flush()
    os.close(root)
    return 0


def _compare(home: Home, request: Request, root: int) -> tuple[Changes, io.BytesIO]:
    selects = selecting(request.texts("paths"))
    max_file = request.whole("max_file", MAX_FILE)
    max_large = request.whole("max_large", MAX_LARGE)
    mirror = Mirror()
    try:
        rules = Rules(Ignore(mirror), LargeFiles(mirror), max_file, max_large)
        changes = Comparison(snapshot.read(home), selects, rules).run(root)
    finally:
        mirror.close()
    fit(changes, request.whole("room", 0))
    return changes, _manifest(changes, is_evaluated=mirror.answers)


def _manifest(changes: Changes, *, is_evaluated: bool) -> io.BytesIO:
    # Entry by entry: a million of them take a hundred bytes each as text, and ten times that
    # as objects.
    text = io.BytesIO()
    text.write(b'{"changed": ')
    _list(text, ({"path": _text(p), "mode": m, "size": s} for p, m, s in changes.changed))
    text.write(b', "deleted": ')
    _list(text, map(_text, changes.deleted))
    text.write(b', "left_out": ')
    _list(text, map(_left_out, changes.left_out))
    rest = {"ignored": changes.ignored, "ignore_evaluated": is_evaluated}
    text.write(b", " + json.dumps(rest)[1:].encode("ascii"))
    return text


def _left_out(one: LeftOut) -> dict[str, object]:
    archived = one.change is not None
    told = {"path": _text(one.path), "reason": one.reason, "archived": archived}
    return {**told, "lost": True} if one.lost else told


def _list(text: io.BytesIO, entries: Iterable[object]) -> None:
    before = b"["
    for entry in entries:
        text.write(before + json.dumps(entry).encode("ascii"))
        before = b", "
    text.write(b"]" if before == b", " else b"[]")


def _add(archive: tarfile.TarFile, root: int, prefix: str, change: Change) -> None:
    member = tarfile.TarInfo(prefix + _text(change.path))
    try:
        directory, name = open_parent(root, change.path)
    except OSError:
        return
    try:
        if change.mode == _LINK:
            member.type = tarfile.SYMTYPE
            member.linkname = _text(os.readlink(name, dir_fd=directory))
            source = None
        else:
            member.mode = 0o755 if change.mode == "100755" else 0o644
            member.size = change.size
            source = Exactly(open_file(directory, name), change.size)
    except OSError:
        return
    finally:
        os.close(directory)
    archive.addfile(member, source)
    archive.getmembers().clear()  # else it remembers them all
    if source is not None:
        source.close()


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


class Exactly(io.RawIOBase):
    """A file that has the size it was announced with, whatever becomes of it."""

    def __init__(self, descriptor: int, size: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._left = size

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, zeros where the file has ended early."""
        wanted = self._left if size < 0 else min(size, self._left)
        pieces = b""
        while len(pieces) < wanted:
            pieces += self._piece(wanted - len(pieces))
        self._left -= wanted
        return pieces

    def _piece(self, size: int) -> bytes:
        try:
            piece = os.read(self._descriptor, size)
        except OSError:
            piece = b""
        return piece or bytes(size)

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()
