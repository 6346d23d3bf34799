"""Verb `collect`: the results as a tar stream, in one pass and in bounded memory.

First `manifest.json`, then `files/<path>` for what may be committed, then `left-out/<path>` for
what may not but must not be lost either. Archive names and JSON paths carry any bytes
(surrogateescape). `members` says what becomes of a file that can't be read to its end.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from typing import IO, Iterable

from docklet.droplet import snapshot
from docklet.droplet.changes import Changes, Comparison, LeftOut, Rules
from docklet.droplet.home import Home
from docklet.droplet.ignore import Ignore
from docklet.droplet.large import LargeFiles
from docklet.droplet.members import add
from docklet.droplet.mirror import Mirror
from docklet.droplet.pathspec import selecting
from docklet.droplet.request import Request
from docklet.droplet.room import fit
from docklet.droplet.tree import open_tree

MAX_FILE = 100 * 1024 * 1024
"""GitHub's limit."""
MAX_LARGE = 2 * 1024 * 1024 * 1024
"""GitHub's limit for a file in Git LFS, on its free plans."""
_BUFFER = 1 << 20


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
            add(archive, root, "files/", change)
        for left_out in changes.left_out:
            if left_out.change is not None:
                add(archive, root, "left-out/", left_out.change)
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


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
