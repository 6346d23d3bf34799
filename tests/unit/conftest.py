"""Keep unit tests pure: whatever opens a connection or starts a process raises.

An audit hook sees the calls of every library, C code included, but can never be taken out
again; hence the switch.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_OUTSIDE = {
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.system",
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.sendto",
    "subprocess.Popen",
}


class _Guard:
    """Refuses audited calls while it is closed."""

    closed = False

    def __call__(self, event: str, _arguments: tuple[Any, ...]) -> None:
        """Raise when a unit test reaches out of its process."""
        if self.closed and event in _OUTSIDE:
            message = f"A unit test reached out of its process: {event}."
            raise AssertionError(message)


_guard = _Guard()
sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def _inside_only() -> Iterator[None]:
    """Refuse sockets and subprocesses for the length of a test."""
    _guard.closed = True
    yield
    _guard.closed = False
