"""Save what droplets past their deadline hold, while a run that came across them goes on.

The run needs neither the droplets nor their results, so it waits for nothing here, unless the
account has no room for its own droplet. Each droplet is deleted in the end, and soon.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import DockletError
from docklet.domain.events import Event, Noticed
from docklet.domain.lost import lost
from docklet.entrypoints.settling import settle
from docklet.entrypoints.sweeps import desk_of
from docklet.pipeline.reap import discard
from docklet.pipeline.world import finishes
from docklet.wiring import site_of

if TYPE_CHECKING:
    from docklet.domain.identity import Identity
    from docklet.entrypoints.sweeps import Desk
    from docklet.ports import Droplet, Observer
    from docklet.wiring import Settings

AT_ONCE: Final = 2
"""Droplets that are seen to at the same time: they share the machine with the run."""
DELETE: Final = 30.0
"""Seconds for which the deletion of what took too long is tried."""


_DEFECT: Final = (
    "The droplet {name} is past its deadline, and docklet failed to see to it by a mistake of its"
    " own ({kind}). `docklet reap` tries again."
)


class Notices:
    """Hand on what the user should know, and nothing that would look like the run's own."""

    def __init__(self, *observers: Observer) -> None:
        """Tell `observers`."""
        self._observers = observers

    def notify(self, event: Event) -> None:
        """Hand on a notice."""
        if isinstance(event, Noticed):
            for observer in self._observers:
                observer.notify(event)


class LastChance:
    """Sees to the droplets that a run's opening sweep found; see `Aside`."""

    def __init__(self, desk: Desk) -> None:
        """Finish runs from this desk."""
        self._desk = desk
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[asyncio.Task[None], tuple[Droplet, Identity]] = {}
        self._gone = 0

    def wants(self, droplet: Droplet, identity: Identity) -> bool:
        """Tell whether there may be something to save."""
        ours = identity.repository.lower() == self._desk.office.repository.lower()
        reachable = droplet.status == "active" and bool(droplet.address)
        return ours and reachable and identity.kept_until is None

    def begin(self, droplet: Droplet, identity: Identity) -> None:
        """Begin to save what is there and to delete the droplet, whatever comes of that."""
        task = asyncio.ensure_future(self._settled(droplet, identity))
        self._tasks[task] = droplet, identity

    async def end(self, patience: float) -> int:
        """Wait up to `patience` seconds, delete what takes longer; return how many are gone."""
        await finishes(self._tasks, patience, self._desk.site.clock)
        late = [found for task, found in self._tasks.items() if not task.done()]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = {asyncio.ensure_future(self._discarded(*found)): found for found in late}
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = {}
        return self._gone

    def abandon(self) -> None:
        """Stop at once, and leave what is not done to the next one who comes by."""
        for task in self._tasks:
            task.cancel()

    async def _settled(self, droplet: Droplet, identity: Identity) -> None:
        """Save and delete; a failure is told, and harms nobody else."""
        async with self._turns:
            try:
                self._gone += await settle(droplet, identity, self._desk, lost)
            except DockletError as error:
                self._tell(error.message)
            except Exception as error:  # noqa: BLE001 - a defect here never decides the run's fate
                self._tell(_DEFECT.format(name=droplet.name, kind=type(error).__name__))

    async def _discarded(self, droplet: Droplet, identity: Identity) -> None:
        """Delete a droplet whose last chance has passed."""
        try:
            await discard(droplet, identity, self._desk.site, patience=DELETE)
        except DockletError as error:
            self._tell(error.message)
        else:
            self._gone += 1

    def _tell(self, message: str) -> None:
        """Tell what went wrong."""
        site = self._desk.site
        site.tell(Noticed(at=site.clock.now(), message=message))


def last_chance(settings: Settings, repository: str, *observers: Observer) -> LastChance:
    """Return who sees to droplets of `repository` that are past their deadline."""
    site = site_of(settings, Notices(*observers))
    return LastChance(desk_of(settings, repository, site))
