"""Results that were not committed, of which there may be any number."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.domain.outcome import LeftOut

MOST_NAMED: Final = 1000
"""Results that are named; nobody reads more, and the archive has them all."""


class LeftOuts:
    """The first of them by name; of the others only how many there are, and their fate."""

    def __init__(self) -> None:
        """Begin with none."""
        self._named: list[LeftOut] = []
        self._more: Counter[tuple[bool, bool]] = Counter()
        self._fates: set[tuple[bool, bool]] = set()

    def add(self, *left_out: LeftOut) -> None:
        """Add results; one of each fate is named in any case."""
        for one in left_out:
            fate = (one.archived, one.lost)
            if len(self._named) < MOST_NAMED or fate not in self._fates:
                self._fates.add(fate)
                self._named.append(one)
            else:
                self._more[fate] += 1

    def correct(self, one: LeftOut) -> None:
        """Add a result in place of what was said about it before."""
        self._named = [named for named in self._named if named.path != one.path]
        self.add(one)

    def told(self) -> tuple[LeftOut, ...]:
        """Return those with names; the last of each fate stands for more like it."""
        more = dict(self._more)
        told = [
            replace(one, more=more.pop((one.archived, one.lost), 0))
            for one in reversed(self._named)
        ]
        return tuple(reversed(told))


def count(left_out: Iterable[LeftOut]) -> int:
    """Return how many results these stand for."""
    return sum(1 + one.more for one in left_out)
