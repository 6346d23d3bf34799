"""Read a run's log from its droplet, from any process that may: nothing there is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AgentError, HostKeyMismatch, Unreachable
from docklet.pipeline.agent import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from docklet.pipeline.agent import Agent
    from docklet.ports import Clock, Shell

RECONNECT: Final = 2.0
"""Seconds between attempts to take up a lost connection."""
_WHOLE: Final = 'exec head -c "$2" -- "$1"'
_TAIL: Final = 'head -c "$2" -- "$1" | exec tail -n "$3"'
"""The last lines of what was there a moment ago, so that `follow` can go on from there."""
_NOT_STARTED: Final = (
    "The run has no log: its script has not started yet, or the droplet could not be prepared."
)
_ABANDONED: Final = 3
"""Exit status of the agent's `follow` when the supervisor died without an ending."""


async def log_size(shell: Shell, home: str) -> int:
    """Return how many bytes the log in `home` has; raise `AgentError` when there is none."""
    done = await shell.run(("stat", "-c", "%s", "--", f"{home}/log"))
    if done.exit_code:
        raise AgentError(_NOT_STARTED, kind="no-log")
    return int(done.stdout)


def log_until(shell: Shell, home: str, size: int, *, tail: int | None) -> AsyncIterator[bytes]:
    """Yield the first `size` bytes of the log, or only the last `tail` lines of them."""
    script = _WHOLE if tail is None else _TAIL
    argv = ("sh", "-c", script, "sh", f"{home}/log", str(size), str(tail))
    return shell.stream(argv)


async def log_from(agent: Agent, offset: int, clock: Clock) -> AsyncIterator[bytes]:
    """Yield the log from byte `offset` on until the script has ended, across lost connections."""
    lost_since: float | None = None
    while True:
        try:
            async for chunk in agent.follow(offset):
                offset += len(chunk)
                lost_since = None
                yield chunk
        except HostKeyMismatch:
            raise
        except AgentError as error:
            if error.kind == f"exit-{_ABANDONED}":
                return
            raise
        except Unreachable:
            lost_since = clock.now() if lost_since is None else lost_since
            if clock.now() - lost_since > PATIENCE:
                raise
            await clock.sleep(RECONNECT)
        else:
            return
