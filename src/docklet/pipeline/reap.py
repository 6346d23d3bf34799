"""Delete droplets of ours that outlived their deadline: the last net under a run.

Only droplets whose name and tag both say that docklet made them, and never one that still has
time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import CloudError
from docklet.domain.events import Noticed
from docklet.domain.identity import Identity, identity_of, tag_of, tags_about
from docklet.pipeline.remove import PATIENCE, drop_tag, remove

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.domain.identity import RunKey
    from docklet.pipeline.aside import Aside
    from docklet.pipeline.world import Site
    from docklet.ports import Droplet

MOST: Final = 20
"""Deletions in one sweep; a mistake must not be able to empty an account."""
FEW: Final = 5
"""Deletions that need no comparison with the rest of the account: in a small one that only docklet
uses, all droplets are often over at once, and a refusal would let them cost money for ever."""
_MOST_OF_ALL: Final = (
    "{count} of the account's {total} droplets would be deleted, which is more than half, so none"
    " is. Either the clock of this machine is wrong, or many runs were lost at once. See"
    " `docklet reap --dry-run`, then `docklet reap --force`."
)


def too_many(count: int, total: int) -> str:
    """Say why so many droplets of an account can't go in one sweep; empty when they can."""
    if count <= FEW or count * 2 <= total:
        return ""
    return _MOST_OF_ALL.format(count=count, total=total)


def expired(droplets: Iterable[Droplet], now: float) -> tuple[tuple[Droplet, Identity], ...]:
    """Return our droplets past their deadline, oldest first; powered-off ones are billed too."""
    named = [(one, identity_of(one.name, one.tags)) for one in droplets]
    ours = [(one, who) for one, who in named if who is not None and who.expires < now]
    return tuple(sorted(ours, key=lambda pair: pair[0].created))


async def reap_expired(
    droplets: Iterable[Droplet],
    site: Site,
    *,
    patience: float = PATIENCE,
    aside: Aside | None = None,
) -> tuple[Droplet, ...]:
    """Delete what `expired` finds among `droplets`, all at once, and return what is gone.

    What may hold results is left to `aside`, if there is one.
    """

    async def reaped(droplet: Droplet, identity: Identity) -> bool:
        if aside is not None and aside.wants(droplet, identity):
            aside.begin(droplet, identity)
            return False
        try:
            await discard(droplet, identity, site, patience=patience)
        except CloudError as error:
            site.tell(Noticed(at=site.clock.now(), message=error.message))
            return False
        return True

    droplets = tuple(droplets)
    found = expired(droplets, site.clock.now())[:MOST]
    if refusal := too_many(len(found), len(droplets)):
        site.tell(Noticed(at=site.clock.now(), message=refusal))
        return ()
    gone = await asyncio.gather(*(reaped(*pair) for pair in found))
    return tuple(droplet for (droplet, _), went in zip(found, gone, strict=True) if went)


async def discard(
    droplet: Droplet, identity: Identity, site: Site, *, patience: float = PATIENCE
) -> None:
    """Delete one droplet of ours and its tags; raise `CloudError` if it may still be there."""
    gpu = droplet.size.startswith("gpu-")
    await remove(identity, [droplet.droplet_id], site, gpu=gpu, patience=patience)
    for tag in sorted(tags_about(identity.key, droplet.tags) - {identity.tag}):
        await drop_tag(tag, site)


async def drop_unused_tags(site: Site, over: Iterable[RunKey] = ()) -> None:
    """Delete tags of ours that are on nothing, once they are past their time or their run is over.

    One that is on nothing yet may belong to a droplet that is just being made, which nobody
    would know for ours without it.
    """
    now, ended = site.clock.now(), set(over)
    for tag in await site.cloud.unused_tags():
        found = tag_of(tag)
        if found is not None and (found[0] in ended or found[1] < now):
            await drop_tag(tag, site)
