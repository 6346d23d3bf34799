"""A log is read whole and once, whatever happens to the connection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from docklet.domain.errors import AgentError, ConnectionLost, HostKeyMismatch, Unreachable
from docklet.pipeline.agent import Agent
from docklet.pipeline.watch import log_from, log_size
from docklet.ports import Completed
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from docklet.domain.errors import DockletError

LOG = bytes(range(256)) * 40
HOME = "/var/lib/docklet/0123"


class _Droplet:
    """Streams a log in pieces; each connection ends as the test says, after so many bytes."""

    def __init__(self, *endings: tuple[int, DockletError | None], size: bytes = b"") -> None:
        self._endings = list(endings)
        self._size = size
        self.offsets: list[int] = []

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"") -> Completed:
        """Tell the log's size, if there is a log."""
        del argv, stdin
        return Completed(exit_code=0 if self._size else 1, stdout=self._size, stderr=b"")

    async def stream(self, argv: Sequence[str], *, stdin: bytes = b"") -> AsyncIterator[bytes]:
        """Copy from the offset on that is asked for."""
        assert tuple(argv) == ("python3", f"{HOME}/agent.pyz", "follow")
        offset = json.loads(stdin)["offset"]
        self.offsets.append(offset)
        size, error = self._endings.pop(0)
        for start in range(offset, min(offset + size, len(LOG)), 1000):
            yield LOG[start : min(start + 1000, offset + size)]
        if error is not None:
            raise error

    async def send(self, argv: Sequence[str], *, source: AsyncIterator[bytes]) -> Completed:
        """Take nothing."""
        raise NotImplementedError

    async def close(self) -> None:
        """Do nothing."""


async def _read(droplet: _Droplet, offset: int = 0) -> bytes:
    """Follow the log to its end."""
    clock = FakeClock()
    agent = Agent(droplet, HOME, clock)
    return b"".join([chunk async for chunk in log_from(agent, offset, clock)])


async def test_whole_log() -> None:
    """The log comes from the offset on."""
    assert await _read(_Droplet((99_999, None)), 100) == LOG[100:]


async def test_lost_connections() -> None:
    """After each loss the log goes on where it broke off."""
    lost = ConnectionLost("It broke.")
    droplet = _Droplet((2500, lost), (0, Unreachable("Not yet.")), (10, lost), (99_999, None))
    assert await _read(droplet) == LOG
    assert droplet.offsets == [0, 2500, 2500, 2510]


async def test_droplet_that_stays_away() -> None:
    """When no connection comes back for five minutes, that is said."""
    droplet = _Droplet(*[(0, Unreachable("No answer."))] * 200)
    with pytest.raises(Unreachable, match="No answer"):
        await _read(droplet)
    assert len(droplet.offsets) == 152


async def test_stranger() -> None:
    """Another machine at the address ends it at once."""
    droplet = _Droplet((1000, ConnectionLost("It broke.")), (0, HostKeyMismatch("A stranger.")))
    with pytest.raises(HostKeyMismatch):
        await _read(droplet)


async def test_dead_supervisor() -> None:
    """A run whose supervisor died has no more log to come."""
    died = AgentError("", kind="exit-3")
    assert await _read(_Droplet((500, died))) == LOG[:500]


async def test_broken_agent() -> None:
    """Any other exit of the agent is an error."""
    with pytest.raises(AgentError):
        await _read(_Droplet((500, AgentError("It has a bug.", kind="exit-1"))))


async def test_no_log() -> None:
    """A run without a log has not started its script."""
    with pytest.raises(AgentError, match="not started yet"):
        await log_size(_Droplet(), HOME)
    assert await log_size(_Droplet(size=b"42\n"), HOME) == 42
