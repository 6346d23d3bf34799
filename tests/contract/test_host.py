"""What the shell on this machine alone promises about its children."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from docklet.adapters.host import HostShell

if TYPE_CHECKING:
    from pathlib import Path


async def _written(mark: Path) -> int:
    """Return the process id that a child wrote down."""
    async with asyncio.timeout(5):
        while not mark.exists() or not mark.read_text().endswith("\n"):  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.02)
    return int(mark.read_text())  # noqa: ASYNC240 - a few bytes of a local file


def _alive(pid: int) -> bool:
    """Tell whether a process runs; one that waits to be buried does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def _died(pid: int) -> None:
    """Wait for a killed process to be gone; the kernel takes a moment."""
    async with asyncio.timeout(2):
        while _alive(pid):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.02)


async def test_cancelling_kills_the_family(tmp_path: Path) -> None:
    """Children of a cancelled command go with it."""
    mark = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {mark}; wait"
    task = asyncio.create_task(HostShell().run(["sh", "-c", script]))
    pid = await _written(mark)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _died(pid)


async def test_cancelling_spares_the_detached(tmp_path: Path) -> None:
    """A job that made itself a session of its own lives on."""
    mark = tmp_path / "pid"
    script = f"setsid sh -c 'echo $$ > {mark}; exec sleep 60' >/dev/null 2>&1 </dev/null & wait"
    task = asyncio.create_task(HostShell().run(["sh", "-c", script]))
    pid = await _written(mark)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _alive(pid)
    os.kill(pid, 9)


async def test_detached_job_does_not_hold_its_starter() -> None:
    """A command that leaves a job behind ends when it ends."""
    async with asyncio.timeout(5):
        done = await HostShell().run(
            ["sh", "-c", "setsid sleep 8 >/dev/null 2>&1 </dev/null & echo started"]
        )
    assert done.stdout == b"started\n"


async def test_environment_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sees the environment that it was given and none of ours."""
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "canary")
    shell = HostShell(env={"PATH": os.environ["PATH"], "A": "b"})
    seen = (await shell.run(["env"])).stdout
    assert b"A=b" in seen
    assert b"canary" not in seen


async def test_cancelling_a_start_kills_the_family(tmp_path: Path) -> None:
    """A command that is cancelled while it starts leaves nobody behind, and nobody waiting."""
    for turns in range(12):
        mark = tmp_path / f"pid-{turns}"
        script = f"sleep 60 & echo $! > {mark}; wait"
        task = asyncio.create_task(HostShell().run(["sh", "-c", script]))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(5):
            with pytest.raises(asyncio.CancelledError):
                await task
        if mark.exists() and mark.read_text().endswith("\n"):
            await _died(await _written(mark))
