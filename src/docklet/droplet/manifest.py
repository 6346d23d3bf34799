"""The manifest: what an archive holds, and what it does not, in parts of a few entries.

Each part is whole JSON, so neither side ever has more than one of them in memory.
"""

from __future__ import annotations

import json
from itertools import chain, islice
from typing import Iterator

from docklet.droplet.changes import Change, Changes, LeftOut

_AT_ONCE = 100
"""Entries; with the longest names that a tree can have they are less than 64 MiB."""


def parts(changes: Changes, *, is_evaluated: bool) -> Iterator[bytes]:
    """Yield the manifest's parts, of which there is at least one.

    `is_evaluated` says whether anybody looked which files are ignored.
    """
    entries: Iterator[tuple[str, object]] = chain(
        (("changed", _changed(change)) for change in changes.changed),
        (("deleted", _text(path)) for path in changes.deleted),
        (("left_out", _left_out(one)) for one in changes.left_out),
    )
    ignored, some = changes.ignored, list(islice(entries, _AT_ONCE))
    while True:
        part = {
            kind: [entry for its_kind, entry in some if its_kind == kind]
            for kind in ("changed", "deleted", "left_out")
        }
        rest = {"ignored": ignored, "ignore_evaluated": is_evaluated}
        yield json.dumps({**part, **rest}).encode("ascii")
        ignored, some = 0, list(islice(entries, _AT_ONCE))
        if not some:
            return


def _changed(change: Change) -> dict[str, object]:
    return {"path": _text(change.path), "mode": change.mode, "size": change.size}


def _left_out(one: LeftOut) -> dict[str, object]:
    archived = one.change is not None
    told = {"path": _text(one.path), "reason": one.reason, "archived": archived}
    return {**told, "lost": True} if one.lost else told


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
