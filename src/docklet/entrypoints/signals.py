"""Turn SIGINT and SIGTERM into one cancellation, also as PID 1.

The runner sends SIGINT, SIGTERM 7.5 s later and kills 2.5 s after that. As PID 1 a process
without a handler never sees SIGTERM.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any, Final, TypeVar

from docklet.domain.outcome import Reason, exit_code_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    T = TypeVar("T")

STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
"""The signals that stop a run."""


def run_until_stopped(main: Coroutine[Any, Any, T]) -> T:
    """Run `main`; the first stopping signal cancels it, and further ones change nothing.

    Where the cancelled `main` has nothing to say, the process ends as for a cancelled run.
    """

    async def guarded() -> T:
        task = asyncio.ensure_future(main)
        loop = asyncio.get_running_loop()
        cancelled: list[int] = []

        def stop(number: int) -> None:
            if not cancelled:
                cancelled.append(number)
                task.cancel()

        for number in STOPPING:
            loop.add_signal_handler(number, stop, number)
        return await task

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        raise SystemExit(exit_code_of(Reason.CANCELLED)) from None


def exit_on_signals() -> None:
    """Make the stopping signals end the process while there is nothing to clean up yet."""
    for number in STOPPING:
        signal.signal(number, _leave)


def _leave(number: int, _frame: object) -> None:
    """Exit as a shell would report it."""
    raise SystemExit(128 + number)
