"""How often GitHub is asked, and when it is asked again.

PyGithub would send a comment again after a lost answer, never an edit, and would sleep for
minutes deaf to a cancelled run. So it sends everything once, in a daemon thread, and what to do
next is decided here, on the loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from docklet.adapters.github.errors import Fate, explained, failures, fate_of, pause_of
from docklet.adapters.threads import in_daemon_thread
from docklet.domain.backoff import jittered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from docklet.adapters.github.sentences import Purpose
    from docklet.ports import Clock

    T = TypeVar("T")

_WAITS: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds after each failure; six tries in half a minute bridge GitHub's usual hiccups."""
BRIEF: Final = _WAITS[:2]
"""The same for what somebody waits for who can do without."""


class Tries:
    """Calls that are made until they work, or no further try will help."""

    def __init__(self, clock: Clock) -> None:
        """Wait by this clock."""
        self._clock = clock

    async def repeat(
        self, purpose: Purpose, call: Callable[[], T], waits: Sequence[float] = _WAITS
    ) -> T:
        """Make a call that may be made again, until it works or no further try will help."""
        for wait in waits:
            try:
                return await in_daemon_thread(call)
            except failures() as error:
                await self._pause(error, wait, purpose)
        return await self._last(purpose, call)

    async def once(
        self,
        purpose: Purpose,
        send: Callable[[], T],
        find: Callable[[], T | None],
        waits: Sequence[float] = _WAITS,
    ) -> T:
        """Make a call that must not take effect twice: look before making it again."""
        for wait in waits:
            try:
                return await in_daemon_thread(send)
            except failures() as error:
                await self._pause(error, wait, purpose)
                lost = fate_of(error, self._clock.now()) is Fate.UNKNOWN
            found = await self.repeat(purpose, find, waits) if lost else None
            if found is not None:
                return found
        return await self._last(purpose, send)

    async def _last(self, purpose: Purpose, call: Callable[[], T]) -> T:
        """Make a call for the last time."""
        try:
            return await in_daemon_thread(call)
        except failures() as error:
            raise explained(error, purpose) from error

    async def _pause(self, error: Exception, wait: float, purpose: Purpose) -> None:
        """Wait before another try; raise if that would be in vain."""
        now = self._clock.now()
        if fate_of(error, now) is Fate.REFUSED:
            raise explained(error, purpose) from error
        await self._clock.sleep(max(jittered(wait, self._clock.random()), pause_of(error, now)))
