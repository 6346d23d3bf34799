"""Verb `collect`: the results as a tar stream, in one pass and in bounded memory.

First `manifest.json`, as often as it has parts, then `files/<path>` for what may be committed,
then `left-out/<path>` for what may not but must not be lost either. Archive names and JSON paths
carry any bytes (surrogateescape). `members` says what becomes of a file that can't be read to its
end.
"""

from __future__ import annotations

import os
import tarfile
from typing import IO

from docklet.droplet import snapshot
from docklet.droplet.changes import Changes, Comparison, Rules
from docklet.droplet.home import Home
from docklet.droplet.ignore import Ignore
from docklet.droplet.large import LargeFiles
from docklet.droplet.manifest import parts
from docklet.droplet.members import add, add_text
from docklet.droplet.mirror import Mirror
from docklet.droplet.pathspec import selecting
from docklet.droplet.request import Request
from docklet.droplet.room import fit
from docklet.droplet.tree import open_tree

MAX_FILE = 100 * 1024 * 1024
"""GitHub's limit."""
MAX_LARGE = 2 * 1024 * 1024 * 1024
"""GitHub's limit for a file in Git LFS, on its free plans."""
_BUFFER = 1 << 16
"""Bytes; `tarfile` copies all of it for every header."""


def collect(home: Home, request: Request, out: IO[bytes]) -> int:
    """Stream what the script changed under the given paths."""
    root = open_tree(home.work)
    changes, is_evaluated = _compare(home, request, root)
    with tarfile.open(
        fileobj=out,
        mode="w|",
        bufsize=_BUFFER,
        format=tarfile.PAX_FORMAT,
        encoding="utf-8",
        errors="surrogateescape",
    ) as archive:
        for part in parts(changes, is_evaluated=is_evaluated):
            add_text(archive, "manifest.json", part)
        for change in changes.changed:
            add(archive, root, "files/", change)
        for left_out in changes.left_out:
            if left_out.change is not None:
                add(archive, root, "left-out/", left_out.change)
    out.flush()
    os.close(root)
    return 0


def _compare(home: Home, request: Request, root: int) -> tuple[Changes, bool]:
    selects = selecting(request.texts("paths"))
    max_file = request.whole("max_file", MAX_FILE)
    max_large = request.whole("max_large", MAX_LARGE)
    mirror = Mirror()
    try:
        rules = Rules(Ignore(mirror), LargeFiles(mirror), max_file, max_large)
        changes = Comparison(snapshot.read(home), selects, rules).run(root)
    finally:
        mirror.close()
    return fit(changes, request.whole("room", 0)), mirror.answers
