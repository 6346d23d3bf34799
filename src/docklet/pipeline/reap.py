"""Delete droplets of ours that outlived their deadline: the last net under a run.

Only droplets whose name and tag both say that docklet made them, and never one that still has
time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import CloudError
from docklet.domain.events import Noticed
from docklet.domain.identity import Identity, identity_of
from docklet.pipeline.remove import PATIENCE, drop_tag, remove

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.pipeline.world import Site
    from docklet.ports import Droplet

MOST: Final = 20
"""Deletions in one sweep; a mistake must not be able to empty an account."""


def expired(droplets: Iterable[Droplet], now: float) -> tuple[tuple[Droplet, Identity], ...]:
    """Return our droplets past their deadline, oldest first; powered-off ones are billed too."""
    named = [(one, identity_of(one.name, one.tags)) for one in droplets]
    ours = [(one, who) for one, who in named if who is not None and who.expires < now]
    return tuple(sorted(ours, key=lambda pair: pair[0].created))


async def reap_expired(
    droplets: Iterable[Droplet], site: Site, *, patience: float = PATIENCE
) -> tuple[Droplet, ...]:
    """Delete what `expired` finds among `droplets`, all at once, and return what is gone."""

    async def reaped(droplet: Droplet, identity: Identity) -> bool:
        try:
            await discard(droplet, identity, site, patience=patience)
        except CloudError as error:
            site.tell(Noticed(at=site.clock.now(), message=error.message))
            return False
        return True

    found = expired(droplets, site.clock.now())[:MOST]
    gone = await asyncio.gather(*(reaped(*pair) for pair in found))
    return tuple(droplet for (droplet, _), went in zip(found, gone, strict=True) if went)


async def discard(
    droplet: Droplet, identity: Identity, site: Site, *, patience: float = PATIENCE
) -> None:
    """Delete one droplet of ours and its tags; raise `CloudError` if it may still be there."""
    gpu = droplet.size.startswith("gpu-")
    await remove(identity, [droplet.droplet_id], site, gpu=gpu, patience=patience)
    for tag in droplet.tags:
        if tag.startswith(f"docklet:kept:{identity.key}:"):
            await drop_tag(tag, site)
