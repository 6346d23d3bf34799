"""Results archives as the agent makes them, and as an attacker would."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: str


def make_archive(
    path: Path,
    files: Mapping[str, bytes | Link],
    *,
    deleted: Iterable[str] = (),
    left_out: Mapping[str, str] | None = None,
    ignored: int = 0,
    executable: Collection[str] = (),
    announced: Collection[str] | None = None,
) -> Path:
    """Write an archive with `files`; `announced` lies about what it holds."""
    manifest = {
        "changed": [{"path": name} for name in (files if announced is None else announced)],
        "deleted": list(deleted),
        "left_out": [{"path": name, "reason": why} for name, why in (left_out or {}).items()],
        "ignored": ignored,
    }
    members = [
        member(name, content, executable=name in executable) for name, content in files.items()
    ]
    return write(path, manifest, members)


def member(
    name: str, content: bytes | Link, *, executable: bool = False
) -> tuple[tarfile.TarInfo, bytes]:
    """Return one result as a member."""
    info = tarfile.TarInfo(f"files/{name}")
    info.mode = 0o755 if executable else 0o644
    if isinstance(content, Link):
        info.type, info.linkname = tarfile.SYMTYPE, content.target
        return info, b""
    info.size = len(content)
    return info, content


def write(path: Path, manifest: Any, members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> Path:  # noqa: ANN401
    """Write any manifest and members."""
    text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    return write_parts(path, [text], members)


def write_parts(
    path: Path, parts: Iterable[bytes], members: Iterable[tuple[tarfile.TarInfo, bytes]]
) -> Path:
    """Write the parts of any manifest, and members."""
    with tarfile.open(
        path, "w", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape"
    ) as tar:
        for part in parts:
            info = tarfile.TarInfo("manifest.json")
            info.size = len(part)
            tar.addfile(info, io.BytesIO(part))
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path
