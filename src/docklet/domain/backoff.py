"""How long to wait before asking again."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS_WAITS: Final = (0.7, 17.0, 18.3, 34.0, 30.0)
"""Seconds before each look for a new droplet's address, the last one for ever.

The first look is for clouds that are faster than the real one, where a droplet takes 20 to 60
seconds. Four looks in the first 70 seconds leave a run within 15 calls: the API's budget of 250
requests a minute is shared by all runs of an account. A droplet that is slower still costs four
calls more a minute: two for its address, two for how its creation goes.
"""


def waits(schedule: tuple[float, ...]) -> Iterator[float]:
    """Yield the seconds of `schedule`, then its last for ever."""
    return chain(schedule, repeat(schedule[-1]))


def exponential(first: float, ceiling: float) -> Iterator[float]:
    """Yield `first` seconds, then twice as much each time, up to `ceiling`."""
    wait = first
    while True:
        yield min(wait, ceiling)
        wait = min(wait * 2, ceiling)


def jittered(wait: float, random: float) -> float:
    """Spread `wait` over half to all of itself by `random` in [0, 1)."""
    return wait * (0.5 + random / 2)
