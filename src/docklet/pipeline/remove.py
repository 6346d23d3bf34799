"""Delete a run's droplets, until the cloud says 404 and lists none of them.

Never the bulk endpoint: that takes along whatever else somebody tagged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.backoff import exponential
from docklet.domain.errors import CloudError
from docklet.domain.events import DropletGone, Noticed
from docklet.domain.outcome import Reason
from docklet.ports import Deletion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.domain.identity import Identity
    from docklet.pipeline.world import Site

PATIENCE: Final = 240.0
"""Seconds to go on trying; all post steps of a cancelled job have 4 minutes 45 together."""


async def remove(
    identity: Identity,
    ids: Iterable[int],
    site: Site,
    *,
    gpu: bool = False,
    patience: float = PATIENCE,
) -> tuple[int, ...]:
    """Delete the droplets `ids` and whatever else carries the run's tag, then the tag.

    Tries for `patience` seconds. Returns the ids that are verified gone; raises `CloudError` when
    some are not.
    """
    deadline = site.clock.now() + patience
    todo, gone = set(ids), set[int]()
    while True:
        for droplet_id in sorted(todo):
            await _delete_one(droplet_id, site, deadline)
            site.tell(DropletGone(at=site.clock.now(), droplet_id=droplet_id))
        gone |= todo
        todo = await _listed(identity, site, gpu=gpu)
        if not todo:
            break
        await _pause(site, deadline, 1.0, todo)
    await drop_tag(identity.tag, site)
    return tuple(sorted(gone))


async def drop_tag(tag: str, site: Site) -> None:
    """Delete a tag; one that stays costs nothing, so it is only told."""
    try:
        await site.cloud.delete_tag(tag)
    except CloudError as error:
        told = f"The tag {tag} is left in the account: {error.message}"
        site.tell(Noticed(at=site.clock.now(), message=told))


async def _listed(identity: Identity, site: Site, *, gpu: bool) -> set[int]:
    """Return the ids that the cloud still lists under the run's tag."""
    found = await site.cloud.droplets(tag=identity.tag)
    if gpu:
        found += tuple(one for one in await site.cloud.gpu_droplets() if identity.tag in one.tags)
    return {droplet.droplet_id for droplet in found}


async def _delete_one(droplet_id: int, site: Site, deadline: float) -> None:
    """Ask for a deletion until the droplet is gone."""
    for wait in exponential(0.5, 15.0):
        answer = await _ask(droplet_id, site)
        if answer is Deletion.ACCEPTED and await _is_gone(droplet_id, site):
            return
        if answer is Deletion.GONE:
            return
        await _pause(site, deadline, wait, {droplet_id})


async def _ask(droplet_id: int, site: Site) -> Deletion:
    """Send one delete; an API failure means to try again."""
    try:
        return await site.cloud.delete(droplet_id)
    except CloudError as error:
        if error.reason is Reason.CLOUD_DENIED:
            raise
        return Deletion.PENDING


async def _is_gone(droplet_id: int, site: Site) -> bool:
    """Tell whether the cloud says 404; not when it says nothing."""
    try:
        return await site.cloud.droplet(droplet_id) is None
    except CloudError:
        return False


async def _pause(site: Site, deadline: float, wait: float, left: set[int]) -> None:
    """Wait, or give up when the time is over."""
    if site.clock.now() + wait > deadline:
        ids = ", ".join(map(str, sorted(left)))
        message = (
            f"Droplet {ids} could not be verified as deleted and may still cost money. Delete it"
            f" with `docklet rm {min(left)}`, or at"
            " https://cloud.digitalocean.com/droplets."
        )
        raise CloudError(message, reason=Reason.NOT_DELETED)
    await site.clock.sleep(wait)
