"""Rent the droplet: exactly one, whatever happens to the answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from docklet.domain.backoff import exponential, jittered
from docklet.domain.errors import AmbiguousCreate, CloudError, CreateDeferred
from docklet.domain.events import DropletCreated, Noticed, Phase
from docklet.domain.firewall import TAG
from docklet.domain.outcome import Reason
from docklet.pipeline.world import finishes
from docklet.ports import DropletRequest
from docklet.render.userdata import user_data

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from docklet.domain.plan import Plan
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.world import World
    from docklet.ports import Clock, Droplet

SENDINGS: Final = 2
"""Create requests to one region, of which all but the last are settled as lost."""
BUSY_LIMIT: Final = 300.0
"""Seconds for which a cloud that is too busy to create is asked again."""
SETTLING: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0, 30.0, 30.0, 30.0)
"""Seconds between looks for a droplet whose create call was not answered; 150 in all: the list of
droplets may lag behind by 90, and the call arrive half a minute after nobody waits for it."""


@dataclass(slots=True)
class Rental:
    """What has to be given back, known before it exists."""

    ids: set[int] = field(default_factory=set)
    """Droplets that are known to be this run's."""
    requests: set[asyncio.Future[Droplet]] = field(default_factory=set)
    """Create calls that may still be answered."""
    unsure: bool = False
    """Whether there may be a droplet that nobody has seen."""
    agent: Agent | None = None
    """The way in, once there is one."""
    keep: bool = False
    """Whether somebody asked, while the script ran, to keep the droplet."""
    tags: frozenset[str] = frozenset()
    """What the droplet was tagged with after its creation; it goes with the droplet."""
    overdue: bool = False
    """Whether the droplet goes now, whoever wants to keep it."""
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the run was stopped from outside: its process is about to be killed."""

    async def order(self, answer: Awaitable[Droplet]) -> Droplet:
        """Await the answer to a create request and note what is known then."""
        self.unsure = True
        try:
            droplet = await answer
        except AmbiguousCreate:
            raise
        except CloudError:
            self.unsure = False
            raise
        self.ids.add(droplet.droplet_id)
        self.unsure = False
        return droplet

    async def settle(self, patience: float, clock: Clock) -> None:
        """Wait up to `patience` seconds for create requests that are under way."""
        await finishes(self.requests, patience, clock)


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
    """Send the create request, and again only when the one before is settled as lost."""
    lost = AmbiguousCreate("")
    for _ in range(SENDINGS):
        try:
            return await _in_turn(region, plan, rental, world)
        except AmbiguousCreate as error:
            lost = error
        found = await _look(plan, rental, world, lost)
        if found is not None:
            return found
    raise lost


async def _in_turn(region: str, plan: Plan, rental: Rental, world: World) -> Droplet:
    """Send the create request, again as long as the cloud puts it off."""
    started, request = world.clock.now(), _request(region, plan, world)
    for wait in exponential(2.0, 30.0):
        try:
            return await _send(request, rental, world)
        except CreateDeferred as error:
            pause = max(error.retry_after, jittered(wait, world.clock.random()))
            if world.clock.now() - started + pause > BUSY_LIMIT:
                raise
        await world.clock.sleep(pause)
    raise AssertionError  # the waits have no end


async def _send(request: DropletRequest, rental: Rental, world: World) -> Droplet:
    """Send one create request; its answer is not lost when the run is cancelled meanwhile."""
    answer = asyncio.ensure_future(rental.order(world.cloud.create(request)))
    answer.add_done_callback(_seen)
    rental.requests.add(answer)
    return await asyncio.shield(answer)


def _seen(answer: asyncio.Future[Droplet]) -> None:
    """Look at a failure that a stopped run has nobody left to look at."""
    if not answer.cancelled():
        answer.exception()


def _request(region: str, plan: Plan, world: World) -> DropletRequest:
    """Return the order for the run's droplet."""
    keys = world.access.keys(plan.identity.key)
    early = "" if plan.spec.registry else plan.spec.image
    return DropletRequest(
        name=plan.identity.name,
        tags=(plan.identity.tag, TAG),
        region=region,
        size=plan.size.slug,
        image=plan.image,
        user_data=user_data(
            keys, image=early, install_docker=plan.install_docker, lfs=plan.spec.lfs
        ),
    )


async def _look(plan: Plan, rental: Rental, world: World, lost: AmbiguousCreate) -> Droplet | None:
    """Look for the run's droplet for longer than the list can lag; adopt the oldest.

    Raises `lost` when the last look failed: then there may be one that nobody has seen.
    """
    lister = world.cloud.gpu_droplets if plan.spec.gpu else world.cloud.droplets
    failed: CloudError | None = None
    for wait in SETTLING:
        await world.clock.sleep(wait)
        try:
            droplets, failed = await lister(), None
        except CloudError as error:
            failed = error
            continue
        ours = [one for one in droplets if _is_the_runs(one, plan)]
        rental.ids |= {one.droplet_id for one in ours}
        if ours:
            return min(ours, key=lambda one: one.droplet_id)
    if failed is not None:
        raise lost from failed
    rental.unsure = False
    return None


def _is_the_runs(droplet: Droplet, plan: Plan) -> bool:
    """Tell whether name and tag both say that a droplet was made for this run."""
    return droplet.name == plan.identity.name and plan.identity.tag in droplet.tags
