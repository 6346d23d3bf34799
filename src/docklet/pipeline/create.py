"""Rent the droplet: exactly one, whatever happens to the answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AmbiguousCreate, CloudError
from docklet.domain.events import DropletCreated, Noticed, Phase
from docklet.domain.outcome import Reason
from docklet.ports import DropletRequest
from docklet.render.userdata import user_data

if TYPE_CHECKING:
    from docklet.domain.plan import Plan
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.world import World
    from docklet.ports import Droplet

SETTLING: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
"""Seconds between looks for a droplet whose create call was not answered; one minute in all,
which is longer than the list of droplets lags behind."""


@dataclass(slots=True)
class Rental:
    """What has to be given back, known before it exists."""

    ids: set[int] = field(default_factory=set)
    """Droplets that are known to be this run's."""
    requests: set[asyncio.Future[Droplet]] = field(default_factory=set)
    """Create calls that may still be answered."""
    agent: Agent | None = None
    """The way in, once there is one."""

    async def settle(self, patience: float) -> None:
        """Wait up to `patience` seconds for create calls that are under way."""
        if self.requests:
            await asyncio.wait(self.requests, timeout=patience)
        for request in self.requests:
            if request.done() and not request.cancelled() and request.exception() is None:
                self.ids.add(request.result().droplet_id)


async def create(plan: Plan, rental: Rental, world: World) -> Droplet:
    """Create the run's droplet in the first region that has room."""
    with world.phase(Phase.CREATE):
        for region in plan.spec.regions:
            try:
                droplet = await _create_in(region, plan, rental, world)
            except CloudError as error:
                if error.reason is not Reason.UNAVAILABLE or region == plan.spec.regions[-1]:
                    raise
                told = f"{error.message} The next region of the list is tried."
                world.tell(Noticed(at=world.clock.now(), message=told))
            else:
                found, now = droplet.droplet_id, world.clock.now()
                world.tell(DropletCreated(at=now, droplet_id=found, region=region))
                return droplet
    message = "No region was named."
    raise CloudError(message, reason=Reason.UNAVAILABLE)


async def _create_in(region: str, plan: Plan, rental: Rental, world: World) -> Droplet:
    """Send the create request, and once more if the first one is settled as lost."""
    try:
        return await _send(region, plan, rental, world)
    except AmbiguousCreate:
        found = await _look(plan, rental, world)
        if found is not None:
            return found
    try:
        return await _send(region, plan, rental, world)
    except AmbiguousCreate:
        found = await _look(plan, rental, world)
        if found is None:
            raise
        return found


async def _send(region: str, plan: Plan, rental: Rental, world: World) -> Droplet:
    """Send one create request; its answer is not lost when the run is cancelled meanwhile."""
    keys = world.access.keys(plan.identity.key)
    early = "" if plan.spec.registry else plan.spec.image
    request = DropletRequest(
        name=plan.identity.name,
        tags=(plan.identity.tag,),
        region=region,
        size=plan.size.slug,
        image=plan.image,
        user_data=user_data(
            keys, image=early, install_docker=plan.install_docker, lfs=plan.spec.lfs
        ),
    )
    answer = asyncio.ensure_future(world.cloud.create(request))
    rental.requests.add(answer)
    droplet = await asyncio.shield(answer)
    rental.ids.add(droplet.droplet_id)
    return droplet


async def _look(plan: Plan, rental: Rental, world: World) -> Droplet | None:
    """Look for the run's droplet by name for longer than the list can lag; adopt the oldest."""
    for wait in SETTLING:
        await world.clock.sleep(wait)
        try:
            lister = world.cloud.gpu_droplets if plan.spec.gpu else world.cloud.droplets
            droplets = await lister()
        except CloudError:
            continue
        ours = [one for one in droplets if one.name == plan.identity.name]
        rental.ids |= {one.droplet_id for one in ours}
        if ours:
            return min(ours, key=lambda one: one.droplet_id)
    return None
