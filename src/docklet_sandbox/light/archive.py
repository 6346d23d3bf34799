"""Archives as the agent streams them: results, and a checkout for another machine."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_BLOCK = 1 << 20


def results_archive(
    files: Mapping[str, bytes], deleted: Collection[str], paths: Collection[str], max_file: int
) -> bytes:
    """Return what collecting streams: a manifest, then what may be committed, then the rest."""
    found = {path: data for path, data in sorted(files.items()) if _selected(path, paths)}
    changed = {path: data for path, data in found.items() if len(data) <= max_file}
    left_out = {path: data for path, data in found.items() if path not in changed}
    reason = f"larger than {max_file} bytes"
    manifest = {
        "changed": [
            {"path": path, "mode": "100644", "size": len(data)} for path, data in changed.items()
        ],
        "deleted": [path for path in deleted if _selected(path, paths)],
        "left_out": [{"path": path, "reason": reason, "archived": True} for path in left_out],
        "ignored": 0,
        "ignore_evaluated": True,
    }
    members = {
        "manifest.json": json.dumps(manifest).encode(),
        **{f"files/{path}": data for path, data in changed.items()},
        **{f"left-out/{path}": data for path, data in left_out.items()},
    }
    return _tar(members)


def checkout_archive() -> bytes:
    """Return what packing streams: the note of the tree's state, then the tree, here empty."""
    return _tar({"snapshot": b""}, "work")


def flaw_of(archive: bytes) -> str:
    """Return what is wrong with an archive to unpack; nothing if it is fine."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            names = packed.getnames()
    except tarfile.TarError as error:
        return str(error)
    return "" if "snapshot" in names else "there is no snapshot"


def _selected(path: str, paths: Collection[str]) -> bool:
    """Tell whether one of the paths is the file or a directory above it."""
    chosen = [one.rstrip("/") for one in paths]
    return any(one in {"", ".", path} or path.startswith(f"{one}/") for one in chosen)


def _tar(members: Mapping[str, bytes], *directories: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(
        fileobj=stream, mode="w|", bufsize=_BLOCK, format=tarfile.PAX_FORMAT
    ) as archive:
        for path, data in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for path in directories:
            member = tarfile.TarInfo(path)
            member.type = tarfile.DIRTYPE
            archive.addfile(member)
    return stream.getvalue()
