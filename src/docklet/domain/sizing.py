"""Which smaller size would have done; said only where what was measured leaves no doubt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.domain.outcome import Stretch, Usage
    from docklet.domain.plan import Plan, Size

FEWEST: Final = 6
"""Stretches below which the use of a machine is an accident."""
ROOM: Final = 1.25
"""How much memory and disk there must be for each byte that was used at the worst moment."""
SLOWER: Final = 0.05
"""How much longer the script may take with fewer processors, and it is still about as long."""
SMALLEST_DISK: Final = 25
"""GiB; images with Docker on them boot from no smaller disk."""
_MIB: Final = 1 << 20
_GIB: Final = 1 << 30
_MAKERS: Final = ("amd", "intel")


def cheaper_sizes(size: Size, sizes: Iterable[Size], regions: Iterable[str]) -> tuple[Size, ...]:
    """Return the sizes of the same family that cost less, cheapest first, with those regions."""
    wanted = frozenset(regions)
    found = (
        replace(each, regions=each.regions & wanted)
        for each in sizes
        if each.available
        and each.price_hourly < size.price_hourly
        and each.disk >= SMALLEST_DISK
        and family(each.slug) == family(size.slug)
    )
    return tuple(sorted((one for one in found if one.regions), key=lambda one: one.price_hourly))


def family(slug: str) -> tuple[str, str]:
    """Return what sizes have in common whose processors are alike: kind, and maker if named."""
    kind, _, rest = slug.partition("-")
    maker = rest.rpartition("-")[2]
    return kind, maker if maker in _MAKERS else ""


def would_have_done(plan: Plan, usage: Usage, region: str) -> Size | None:
    """Return the cheapest size on which the script would have gone about as well, if there is one.

    A stretch counts as if all of it had been like its busiest seconds, so that work that comes
    in bursts is not taken for little work.
    """
    if len(usage.stretches) < FEWEST:
        return None
    fitting = (
        size
        for size in plan.cheaper
        if region in size.regions and _holds(size, usage) and _keeps_up(size, plan.size, usage)
    )
    return next(fitting, None)


def _holds(size: Size, usage: Usage) -> bool:
    """Tell whether memory and disk are large enough."""
    memory, disk = usage.peak_memory * ROOM, usage.peak_disk * ROOM
    return memory <= size.memory * _MIB and disk <= size.disk * _GIB


def _keeps_up(size: Size, used: Size, usage: Usage) -> bool:
    """Tell whether the processors are enough for what those of `used` had to do."""
    longer = sum(_delay(each, used.vcpus / size.vcpus) for each in usage.stretches)
    return longer <= SLOWER * len(usage.stretches)


def _delay(stretch: Stretch, ratio: float) -> float:
    """Return by how much of itself a stretch grows with so many times fewer processors."""
    return max(0.0, stretch.busiest * ratio - 1)
