"""A clock on which waiting takes no time."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from typing import Final

_QUIET_TURNS: Final = 50
"""Turns of the event loop after which nothing but sleepers can be left."""


class FakeClock:
    """Virtual time: when everybody sleeps, it is later at once."""

    def __init__(self, start: float = 1_700_000_000.0, chance: float = 0.5) -> None:
        self._now = start
        self._chance = chance
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._driver: asyncio.Task[None] | None = None

    def now(self) -> float:
        """Return epoch seconds."""
        return self._now

    def random(self) -> float:
        """Return the number that the test chose."""
        return self._chance

    async def sleep(self, seconds: float) -> None:
        """Wait until everybody else waits longer."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        until = self._now + max(seconds, 0.0)
        heapq.heappush(self._sleepers, (until, next(self._order), woken))
        if self._driver is None or self._driver.done():
            self._driver = loop.create_task(self._drive())
        await woken

    def forget(self) -> None:
        """Forget who sleeps: their process is dead."""
        self._sleepers.clear()
        self._driver = None

    async def _drive(self) -> None:
        """Wake the sleepers one by one, each when nothing else can go on."""
        while self._sleepers:
            await self._quiet()
            until, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self._now = max(self._now, until)
                woken.set_result(None)

    async def _quiet(self) -> None:
        """Return when nothing but sleepers is left."""
        for _ in range(_QUIET_TURNS):
            await asyncio.sleep(0)
