"""The lines of a results commit, which the forge counts while the machine is given back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from docklet.domain.diffstat import Diffstat, with_lines
from docklet.pipeline.world import finishes

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from docklet.domain.outcome import Outcome, Published
    from docklet.pipeline.create import Rental
    from docklet.pipeline.world import World

PATIENCE: Final = 2.0
"""Seconds for which a run waits for the figures when all else is done."""
MOST_FILES: Final = 3000
"""Files of a commit that GitHub compares; a total of the first ones would be wrong."""


async def counted(
    giving: Awaitable[Outcome], outcome: Outcome, rental: Rental, world: World
) -> Outcome:
    """Return what `giving` makes of `outcome`, with the lines of its commit if there is time."""
    counting = asyncio.ensure_future(_lines(outcome.published, world))
    try:
        ended = await giving
        if not rental.hurry.is_set():
            await finishes({counting}, PATIENCE, world.clock)
    finally:
        counting.cancel()
        (found,) = await asyncio.gather(counting, return_exceptions=True)
    if ended.published is None or not isinstance(found, Diffstat):
        return ended
    return replace(ended, published=with_lines(ended.published, found))


async def _lines(published: Published | None, world: World) -> Diffstat | None:
    """Ask the forge, if there is a commit of ours that it counts whole."""
    if published is None or not 0 < _files(published) <= MOST_FILES:
        return None
    return await world.forge.count_lines(published.commit)


def _files(published: Published) -> int:
    """Return how many files of a commit of ours there are."""
    return len(published.files) + sum(published.others.counts.values())
