"""Delete a run's droplets, until the cloud says 404 and lists none of them.

Never the bulk endpoint: that takes along whatever else somebody tagged.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
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
_LEFT: Final = (
    "Droplet {ids} could not be verified as deleted and may still cost money. Delete it with"
    " `docklet rm {first}`, or at https://cloud.digitalocean.com/droplets."
)
_UNSEEN: Final = (
    "A droplet may be left that nobody has seen yet, and cost money. `docklet ls` shows it if so,"
    " and `docklet rm` deletes it."
)


async def remove(
    identity: Identity,
    ids: Iterable[int],
    site: Site,
    *,
    gpu: bool = False,
    patience: float = PATIENCE,
    unseen: bool = False,
) -> tuple[int, ...]:
    """Delete the droplets `ids` and whatever else carries the run's tag, then the tag.

    Tries for `patience` seconds; with `unseen` it looks that long for a droplet that no list may
    show yet. Returns the ids that are verified gone; raises `CloudError` when some are not.
    """
    deadline = site.clock.now() + patience
    work = _Removal(identity=identity, site=site, gpu=gpu, todo=set(ids))
    for number, wait in enumerate(exponential(0.5, 15.0)):
        await work.ask()
        if number or not work.todo:
            await work.look()
            if not work.todo and not work.trouble and (work.gone or not unseen):
                break
        if work.denied or not await _time_left(wait, site, deadline):
            break
    left = work.todo - work.gone
    if left or work.trouble or (unseen and not work.gone):
        raise not_deleted(left, work.trouble)
    await drop_tag(identity.tag, site)
    return tuple(sorted(work.gone))


async def drop_tag(tag: str, site: Site) -> None:
    """Delete a tag; one that stays is told, as it costs nothing."""
    try:
        await site.cloud.delete_tag(tag)
    except CloudError as error:
        told = f"The tag `{tag}` is left in the account. {error.message}"
        site.tell(Noticed(at=site.clock.now(), message=told))


@dataclass(slots=True, kw_only=True)
class _Removal:
    """What is known while droplets are deleted."""

    identity: Identity
    site: Site
    gpu: bool
    todo: set[int]
    """Droplets to be asked for: they are there, or were listed last."""
    gone: set[int] = field(default_factory=set)
    """Those of which the cloud said 404."""
    trouble: str = ""
    """What was in the way last."""
    denied: bool = False
    """Whether asking again is no use."""

    async def ask(self) -> None:
        """Ask for each deletion once; no droplet holds up another."""
        self.trouble = ""
        await asyncio.gather(*map(self._ask_for, sorted(self.todo)))

    async def look(self) -> None:
        """Add what the cloud lists under the run's tag."""
        cloud, tag = self.site.cloud, self.identity.tag
        try:
            found = await cloud.droplets(tag=tag)
            if self.gpu:
                found += tuple(one for one in await cloud.gpu_droplets() if tag in one.tags)
        except CloudError as error:
            self.trouble = error.message
        else:
            self.todo |= {one.droplet_id for one in found}

    async def _ask_for(self, droplet_id: int) -> None:
        """Ask for one deletion and note what became of it."""
        try:
            if not await _is_deleted(droplet_id, self.site):
                return
        except CloudError as error:
            self.trouble, self.denied = error.message, error.reason is Reason.CLOUD_DENIED
            return
        self.todo.discard(droplet_id)
        if droplet_id not in self.gone:
            self.gone.add(droplet_id)
            self.site.tell(DropletGone(at=self.site.clock.now(), droplet_id=droplet_id))


async def _is_deleted(droplet_id: int, site: Site) -> bool:
    """Ask for the deletion once and tell whether the cloud says 404 then."""
    answer = await site.cloud.delete(droplet_id)
    if answer is Deletion.ACCEPTED:
        return await site.cloud.droplet(droplet_id) is None
    return answer is Deletion.GONE


async def _time_left(wait: float, site: Site, deadline: float) -> bool:
    """Wait, but not beyond the deadline; tell whether it was still to come."""
    left = deadline - site.clock.now()
    if left > 0:
        await site.clock.sleep(min(wait, left))
    return left > 0


def not_deleted(ids: Iterable[int], trouble: str) -> CloudError:
    """Return the error that says which droplets may be left, and why."""
    left = sorted(ids)
    what = _LEFT.format(ids=", ".join(map(str, left)), first=left[0]) if left else _UNSEEN
    return CloudError(f"{trouble} {what}".strip(), reason=Reason.NOT_DELETED)
