"""Verb `clean`: remove the container and everything of the run from this machine."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress

from docklet.droplet import lock
from docklet.droplet.engine import Engine, Refused, Unreachable, connect
from docklet.droplet.failure import Failure
from docklet.droplet.home import Home, write_json
from docklet.droplet.request import Request
from docklet.droplet.start import container_name

_FAREWELL = 10.0


def clean(home: Home, _request: Request) -> dict[str, object]:
    """Remove the container, then the directory with all that is in it."""
    started = os.path.exists(home.job)
    if started:
        write_json(home.stop, {"grace": 0.0})
    try:
        _remove_container(home, connect())
    except Failure:
        if started:
            raise
    last = time.monotonic() + _FAREWELL
    while lock.is_held(home) and time.monotonic() < last:
        time.sleep(0.05)
    _remove_files(home)
    return {"cleaned": True}


def _remove_container(home: Home, engine: Engine) -> None:
    path = f"/containers/{container_name(home)}"
    last = time.monotonic() + _FAREWELL
    with suppress(Refused):  # not running
        # The supervisor sees the ending first, so that it can hand the tree back.
        engine.call("POST", f"{path}/kill", {"signal": "SIGKILL"})
    while lock.is_held(home) and time.monotonic() < last:
        time.sleep(0.05)
    try:
        engine.call("DELETE", path, {"force": "1", "v": "1"})
    except Refused:
        return  # gone already
    except Unreachable as error:
        message = "The Docker daemon went away before the container was removed."
        raise Failure("clean-failed", message) from error


def _remove_files(home: Home) -> None:
    with suppress(OSError):
        shutil.rmtree(home.root)
    if not os.path.exists(home.root):
        return
    try:  # a late sign of life may have come in between
        shutil.rmtree(home.root)
    except OSError as error:
        path = error.filename or home.root
        message = f"{path} could not be removed: {error.strerror}. Remove it as root."
        raise Failure("clean-failed", message) from error
