"""Who is at work: a lock that dies with its holder, whatever kills it.

A process id can be somebody else's by the time it is read; a lock can't. It goes along with a
fork, so the supervisor holds what its parent took.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import Iterator

from docklet.droplet.home import Home

_MOMENT = 0.02


def acquire(home: Home, patience: float) -> int | None:
    """Take the run's lock and return its descriptor, or None when it stays taken.

    A look by `is_held` holds the lock for a moment, so even an idle lock deserves patience.
    """
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    last = time.monotonic() + patience
    while not _try(descriptor, fcntl.LOCK_EX):
        if time.monotonic() > last:
            os.close(descriptor)
            return None
        time.sleep(_MOMENT)
    return descriptor


def is_held(home: Home) -> bool:
    """Tell whether some process is preparing or supervising this run."""
    try:
        descriptor = os.open(home.lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


@contextmanager
def turn(path: str) -> Iterator[None]:
    """Wait until nobody else has a file's lock, and hold it meanwhile."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
