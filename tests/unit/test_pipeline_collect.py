"""Results come back whole or not at all."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from docklet.domain.errors import (
    AgentError,
    ConnectionLost,
    DockletError,
    HostKeyMismatch,
    Unreachable,
)
from docklet.domain.outcome import Reason
from docklet.pipeline.agent import Agent
from docklet.pipeline.collect import LARGEST_FILE, collect
from tests.builders import make_plan
from tests.worlds import make_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from docklet.ports import Clock
    from tests.worlds import FakeWorld

CUT = ConnectionLost("It broke.")


async def collected(world: FakeWorld, folder: Path) -> bytes:
    """Collect and return the archive."""
    agent = Agent(world.host, "/home", world.clock)
    await collect(make_plan(paths=("out",)), agent, world, folder / "results.tar")
    return (folder / "results.tar").read_bytes()


@pytest.mark.parametrize("commit", [False, True])
@pytest.mark.parametrize("times", [0, 1, 20])
async def test_cut_connections(tmp_path: Path, times: int, *, commit: bool) -> None:
    """A transfer that broke begins again from nothing."""
    world = make_world(tmp_path)
    machine = world.host.machine
    machine.fail("collect", CUT, times=times, commit=commit)
    assert await collected(world, tmp_path) == machine.results
    room = machine.requests["collect"].pop("room")
    assert machine.requests["collect"] == {"paths": ["out"], "max_file": LARGEST_FILE}
    assert 0 < int(str(room)) < shutil.disk_usage(tmp_path).total


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AgentError("The disk is broken.", kind="exit-1"), Reason.NOT_COLLECTED),
        (CUT, Reason.NOT_COLLECTED),
        (Unreachable("Connection refused."), Reason.NOT_COLLECTED),
        (HostKeyMismatch("Another machine."), Reason.HOST_KEY),
    ],
)
async def test_failures(tmp_path: Path, error: DockletError, reason: Reason) -> None:
    """What can't be collected in five minutes is told as lost, with the cause."""
    world = make_world(tmp_path)
    world.host.machine.fail("collect", error, times=9999)
    with pytest.raises(DockletError, match=error.message) as caught:
        await collected(world, tmp_path)
    assert caught.value.reason is reason
    assert world.seen.phases == ["collect!"]


class _Dripping:
    """An agent whose results never come to an end, nor to much."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def collect(self, *_: object) -> AsyncIterator[bytes]:
        """Send a byte a minute."""
        while True:
            await self._clock.sleep(60.0)
            yield b"x"


async def test_results_that_trickle(tmp_path: Path) -> None:
    """A machine that sends results for ever is left after some minutes."""
    world, archive = make_world(tmp_path), tmp_path / "results.tar"
    began = world.clock.now()
    with pytest.raises(AgentError, match="KiB a second") as caught:
        await collect(make_plan(), _Dripping(world.clock), world, archive)  # type: ignore[arg-type]
    assert caught.value.reason is Reason.NOT_COLLECTED
    assert world.clock.now() - began < 20 * 60
    assert not archive.with_suffix(".part").exists()
