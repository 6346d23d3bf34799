"""One result as a member of the archive, and a word about each that could not be read.

A member's size stands in front of its content, so a file that then turns out to be shorter, or
can't be read to its end, is filled up with zeros. `unread/<member>` follows it right away and
says why: whoever reads the archive leaves that file out. It stands alone where there is no member.
"""

from __future__ import annotations

import io
import os
import tarfile

from docklet.droplet.changes import Change
from docklet.droplet.tree import open_file, open_parent

UNREAD = "unread/"
_LINK = "120000"
_SHORTER = "it became shorter while it was packed"


def add(archive: tarfile.TarFile, root: int, prefix: str, change: Change) -> None:
    """Add what lies at a path below `root`, or why it could not be read."""
    name = prefix + change.path.decode("utf-8", "surrogateescape")
    trouble = _added(archive, root, name, change)
    if trouble:
        add_text(archive, UNREAD + name, trouble.encode("utf-8"))
    _forget(archive)


def add_text(archive: tarfile.TarFile, name: str, text: bytes) -> None:
    """Add a member of our own."""
    member = tarfile.TarInfo(name)
    member.size = len(text)
    archive.addfile(member, io.BytesIO(text))
    _forget(archive)


def _forget(archive: tarfile.TarFile) -> None:
    """Let go of the members, which would all be remembered for reading."""
    archive.getmembers().clear()


def _added(archive: tarfile.TarFile, root: int, name: str, change: Change) -> str:
    """Return why the member is not what was announced."""
    member = tarfile.TarInfo(name)
    try:
        directory, last = open_parent(root, change.path)
        try:
            if change.mode == _LINK:
                member.type = tarfile.SYMTYPE
                target = os.readlink(last, dir_fd=directory)
                member.linkname = target.decode("utf-8", "surrogateescape")
                archive.addfile(member)
                return ""
            source = Exactly(open_file(directory, last), change.size)
        finally:
            os.close(directory)
    except FileNotFoundError:
        return "it vanished while the results were packed"
    except OSError as error:
        return _unreadable(error)
    member.mode = 0o755 if change.mode == "100755" else 0o644
    member.size = change.size
    with source:
        archive.addfile(member, source)
    return source.trouble


def _unreadable(error: OSError) -> str:
    return f"it could not be read ({error.strerror or 'not a regular file any more'})"


class Exactly(io.RawIOBase):
    """A file that has the size it was announced with, whatever becomes of it."""

    def __init__(self, descriptor: int, size: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._left = size
        self.trouble = ""
        """Why it ends in zeros, if it does."""

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, zeros from where the file could not be read."""
        wanted = self._left if size < 0 else min(size, self._left)
        pieces = b""
        while len(pieces) < wanted:
            pieces += self._piece(wanted - len(pieces))
        self._left -= wanted
        return pieces

    def _piece(self, size: int) -> bytes:
        if self.trouble:
            return bytes(size)
        try:
            piece = os.read(self._descriptor, size)
        except OSError as error:
            self.trouble = _unreadable(error)
            return bytes(size)
        if not piece:
            self.trouble = _SHORTER
        return piece or bytes(size)

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()
