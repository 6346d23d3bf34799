"""The real clock, and chance."""

from __future__ import annotations

import asyncio
import random
import time


class RealClock:
    """Time as the machine has it."""

    def now(self) -> float:
        """Return epoch seconds."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return random.random()  # noqa: S311 - it spreads retries, nothing more
