"""Verb `follow`: the log from an offset on, as it grows, until the script has ended.

Exit status 0: ended, and every byte was sent. 3: the supervisor died without an ending.
"""

from __future__ import annotations

import os
import select
import time
from typing import IO

from docklet.droplet import lock
from docklet.droplet.home import Home
from docklet.droplet.request import Request

ABANDONED = 3
_HUNG_UP = 4
_MILLISECONDS = 100
_SIGN_OF_LIFE = 2.0
_PIECE = 1 << 18


def follow(home: Home, request: Request, out: IO[bytes]) -> int:
    """Copy the log to `out` and return the exit status."""
    offset = request.whole("offset", 0)
    listener = select.poll()
    listener.register(out.fileno(), 0)
    next_look = 0.0
    while True:
        # Looked for before the log is read, or its last bytes could be missed.
        ended = os.path.exists(home.ending)
        dead = False
        if not ended and time.monotonic() >= next_look:
            dead = not lock.is_held(home) and not os.path.exists(home.ending)
            next_look = time.monotonic() + _SIGN_OF_LIFE
        offset = _copy(home, offset, out)
        if ended or dead:
            return ABANDONED if dead else 0
        if listener.poll(_MILLISECONDS):
            return _HUNG_UP


def _copy(home: Home, offset: int, out: IO[bytes]) -> int:
    try:
        file = open(home.log, "rb", buffering=0)  # noqa: SIM115 (closed below)
    except FileNotFoundError:
        return offset
    with file:
        file.seek(offset)
        while True:
            piece = file.read(_PIECE)
            if not piece:
                return offset
            out.write(piece)
            out.flush()
            offset += len(piece)
