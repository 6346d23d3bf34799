"""The script's output, kept byte for byte."""

from __future__ import annotations

import os

from docklet.droplet.home import Home

_SHORT = 2048


class LogFile:
    """An open log; on a full disk the script goes on and its output is counted only."""

    def __init__(self, home: Home) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(home.log, flags, 0o600)
        self.lost = 0
        """Bytes for which there was no room."""

    def write(self, piece: memoryview) -> None:
        """Append bytes; once some are lost, so are all that follow: there is no gap."""
        while piece and not self.lost:
            try:
                piece = piece[os.write(self._descriptor, piece) :]
            except OSError:
                break
        self.lost += len(piece)

    def size(self) -> int:
        """Return how many bytes there are."""
        return os.fstat(self._descriptor).st_size

    def whole_if_short(self) -> bytes:
        """Return the log if it is no more than a few lines."""
        if self.size() > _SHORT:
            return b""
        return os.pread(self._descriptor, _SHORT, 0)
