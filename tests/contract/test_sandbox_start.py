"""A sandbox that is told to stop while it starts, stops, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from docklet_sandbox import serve
from docklet_sandbox.ground import Kind
from docklet_sandbox.state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_signal_while_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """What has been started is taken down; nobody is told that anything is ready."""
    told: list[str] = []
    reached = asyncio.Event()

    @asynccontextmanager
    async def endless(*_: object, **__: object) -> AsyncIterator[None]:
        try:
            reached.set()
            await asyncio.Event().wait()
            yield
        finally:
            told.append("down")

    monkeypatch.setattr(serve, "prepared", endless)
    state = State.at(tmp_path / "state")
    options = serve.Options(state=state, kind=Kind.NONE)
    server = asyncio.create_task(serve.serve(options, lambda _: told.append("ready")))
    async with asyncio.timeout(10):
        await reached.wait()
    os.kill(os.getpid(), number)
    async with asyncio.timeout(10):
        await server
    assert told == ["down"]
    assert state.pid() is None
    assert not state.ready()


async def test_what_fails_while_starting_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error is not taken for a request to stop."""

    @asynccontextmanager
    async def broken(*_: object, **__: object) -> AsyncIterator[None]:
        message = "no room"
        raise OSError(message)
        yield

    monkeypatch.setattr(serve, "prepared", broken)
    options = serve.Options(state=State.at(tmp_path / "state"), kind=Kind.NONE)
    with pytest.raises(OSError, match="no room"):
        await serve.serve(options, lambda _: None)
