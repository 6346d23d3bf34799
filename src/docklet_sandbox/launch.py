"""Start a sandbox in a process of its own, and stop one, whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from docklet_sandbox.client import SandboxClient
from docklet_sandbox.docker import sweep
from docklet_sandbox.state import SandboxError, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_START_SECONDS = 120.0
"""Without Docker it takes half a second; a crowded machine with Docker takes longer."""
_STOP_SECONDS = 60.0
_STEP = 0.02


def start(state: State, arguments: Sequence[str] = ()) -> SandboxClient:
    """Start a sandbox in the background with further arguments of `serve`; wait until it answers.

    Raises SandboxError, with the server's output, when it does not start.
    """
    return _wait(state, _spawn(state, arguments))


def stop(state: State) -> None:
    """Stop the sandbox of this folder and remove whatever is left of it, also after a crash."""
    if (pid := state.pid()) is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while state.pid() is not None:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(_STEP)
    if state.machines() == "docker":
        sweep(state.id)
    state.remove()


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[SandboxClient]:
    """Yield a sandbox that runs in a folder with further arguments of `serve`, then remove it."""
    state = State.at(folder)
    process = _spawn(state, arguments)
    try:
        yield _wait(state, process)
    finally:
        stop(state)
        process.wait()


def _spawn(state: State, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    state.prepare()
    command = [sys.executable, "-m", "docklet_sandbox", "serve", "--state", str(state.root)]
    with _log(state).open("wb") as output:
        return subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _wait(state: State, process: subprocess.Popen[bytes]) -> SandboxClient:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if state.ready():
            return SandboxClient.of(state.root)
        time.sleep(_STEP)
    process.terminate()
    process.wait()
    said = _log(state).read_text(encoding="utf-8", errors="replace")
    message = f"The sandbox did not start. It said:\n{said}"
    raise SandboxError(message)


def _log(state: State) -> Path:
    return state.logs / "serve.log"
