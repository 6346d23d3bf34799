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
from typing import IO

from docklet.droplet import snapshot
from docklet.droplet.changes import Change, Changes, Comparison, Rules
from docklet.droplet.home import Home
from docklet.droplet.ignore import Ignore
from docklet.droplet.large import LargeFiles
from docklet.droplet.mirror import Mirror
from docklet.droplet.pathspec import selecting
from docklet.droplet.request import Request
from docklet.droplet.tree import open_file, open_parent, open_tree

MAX_FILE = 100 * 1024 * 1024
"""GitHub's limit."""
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
        member.size = len(manifest)
        archive.addfile(member, io.BytesIO(manifest))
        for change in changes.changed:
            _add(archive, root, "files/", change)
        for left_out in changes.left_out:
            if left_out.change is not None:
                _add(archive, root, "left-out/", left_out.change)
    out.flush()
    os.close(root)
    return 0


def _compare(home: Home, request: Request, root: int) -> tuple[Changes, bytes]:
    selects = selecting(request.texts("paths"))
    max_file = request.whole("max_file", MAX_FILE)
    mirror = Mirror()
    try:
        rules = Rules(Ignore(mirror), LargeFiles(mirror), max_file)
        changes = Comparison(snapshot.read(home), selects, rules).run(root)
    finally:
        mirror.close()
    manifest = {**_manifest(changes), "ignore_evaluated": mirror.works}
    return changes, json.dumps(manifest).encode("ascii")


def _manifest(changes: Changes) -> dict[str, object]:
    return {
        "changed": [
            {"path": _text(one.path), "mode": one.mode, "size": one.size}
            for one in changes.changed
        ],
        "deleted": [_text(path) for path in changes.deleted],
        "left_out": [
            {"path": _text(one.path), "reason": one.reason, "archived": one.change is not None}
            for one in changes.left_out
        ],
        "ignored": changes.ignored,
    }


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
