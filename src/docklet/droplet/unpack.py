"""Verb `unpack`: make the work tree from a checkout that was packed elsewhere.

Only directories, files and symbolic links are made, each below a directory that is opened
without following any link.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from typing import IO

from docklet.droplet import snapshot
from docklet.droplet.failure import Failure
from docklet.droplet.home import Home
from docklet.droplet.request import Request
from docklet.droplet.tree import open_parent, open_tree

_PIECE = 1 << 20
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack(home: Home, request: Request) -> dict[str, object]:
    """Extract the archive that follows the request and note the tree's state."""
    if os.path.exists(home.job):
        raise Failure("already-started", "The script was started; its tree stays as it is.")
    if os.path.lexists(home.work):
        shutil.rmtree(home.work)
    os.mkdir(home.work, 0o755)
    try:
        _extract(home, request.payload)
        snapshot.refresh(home)
    except (OSError, tarfile.TarError, ValueError) as error:
        message = f"The checkout that was sent could not be unpacked: {error}."
        raise Failure("unpack-failed", message) from error
    files = snapshot.read(home).values()
    return {"files": sum(entry.mode != snapshot.GITLINK for entry in files)}


def _extract(home: Home, payload: IO[bytes]) -> None:
    root = open_tree(home.work)
    try:
        with tarfile.open(
            fileobj=payload, mode="r|", encoding="utf-8", errors="surrogateescape"
        ) as archive:
            for member in archive:
                if member.name == "snapshot":
                    _copy(archive, member, os.open(home.snapshot, _fresh(home.snapshot), 0o600))
                elif member.name != "work":
                    _make(archive, member, root)
    finally:
        os.close(root)


def _fresh(path: str) -> int:
    if os.path.lexists(path):
        os.unlink(path)
    return _NEW


def _make(archive: tarfile.TarFile, member: tarfile.TarInfo, root: int) -> None:
    directory, name = open_parent(root, _below(member.name))
    try:
        if member.isdir():
            os.mkdir(name, 0o755, dir_fd=directory)
        elif member.issym():
            target = member.linkname.encode("utf-8", "surrogateescape")
            os.symlink(target, name, dir_fd=directory)
        elif member.isreg():
            mode = 0o755 if member.mode & 0o100 else 0o644
            _copy(archive, member, os.open(name, _NEW, mode, dir_fd=directory))
        else:
            message = f"{member.name!r} is neither a file, a directory nor a symbolic link"
            raise ValueError(message)
    finally:
        os.close(directory)


def _below(name: str) -> bytes:
    first, *parts = name.encode("utf-8", "surrogateescape").split(b"/")
    if first != b"work" or any(part in {b"", b".", b".."} for part in parts):
        message = f"{name!r} is outside of the work tree"
        raise ValueError(message)
    return b"/".join(parts)


def _copy(archive: tarfile.TarFile, member: tarfile.TarInfo, descriptor: int) -> None:
    source = archive.extractfile(member)
    with open(descriptor, "wb") as file:
        if source is not None:
            shutil.copyfileobj(source, file, _PIECE)
