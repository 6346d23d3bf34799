"""Becoming a process that outlives the SSH session that started it."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import Callable

Ready = Callable[[], None]


def detach(errors: str, child: Callable[[Ready], None]) -> None:
    """Run `child` in a session of its own; return once it says that it is ready, or has ended.

    It goes on in memory with what it was given, so that nothing has to be handed over by way
    of a file or an argument. `errors` is the file for a traceback.
    """
    receive, send = os.pipe()
    first = os.fork()
    if first == 0:
        os.setsid()
        if os.fork() == 0:
            os.close(receive)
            _live(errors, child, send)
        os._exit(0)
    os.close(send)
    os.waitpid(first, 0)
    os.read(receive, 1)
    os.close(receive)


def _live(errors: str, child: Callable[[Ready], None], send: int) -> None:
    status = 1
    try:
        _leave_session(errors)
        child(lambda: _say(send))
        status = 0
    except BaseException:  # noqa: BLE001 (the last one who can write it down)
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _leave_session(errors: str) -> None:
    # The session ends when nobody holds its streams any more.
    nothing = os.open(os.devnull, os.O_RDWR)
    written = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (nothing, 1), (written, 2)):
        os.dup2(source, target)
    os.chdir("/")
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _say(send: int) -> None:
    try:
        os.write(send, b".")
    except BrokenPipeError:
        return
