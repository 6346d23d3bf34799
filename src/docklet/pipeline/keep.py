"""Keep the droplet for debugging: announced, priced, and with an end."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import CloudError, ForgeError
from docklet.domain.events import DropletKept, Noticed
from docklet.domain.identity import kept_tag
from docklet.domain.outcome import Status
from docklet.domain.spec import Keep
from docklet.pipeline.remove import drop_tag

if TYPE_CHECKING:
    from docklet.domain.ending import Ending
    from docklet.domain.identity import RunKey
    from docklet.domain.outcome import Outcome
    from docklet.domain.plan import Plan
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.world import World
    from docklet.ports import Access


_WISH: Final = "keep the droplet"


def wanted(plan: Plan, outcome: Outcome) -> bool:
    """Tell whether the user wants to keep the droplet after this outcome."""
    if plan.spec.keep is Keep.ON_FAILURE:
        return outcome.status not in {Status.SUCCESS, Status.CANCELLED}
    return plan.spec.keep is Keep.ALWAYS and outcome.status is not Status.CANCELLED


def seal(run: RunKey, access: Access) -> str:
    """Return what shows that whoever wants a run's droplet kept has the cloud token."""
    return access.seal(run, _WISH)


def asked(ending: Ending, plan: Plan, access: Access) -> bool:
    """Tell whether somebody who may has asked to keep the droplet; a script can't."""
    wanted_by = seal(plan.identity.key, access)
    return bool(ending.keep) and hmac.compare_digest(wanted_by.encode(), ending.keep.encode())


async def keep(plan: Plan, droplet_id: int, address: str, agent: Agent, world: World) -> None:
    """Tag the droplet with its end, let the user's keys in, and tell how to get there."""
    now = world.clock.now()
    until = int(now) + plan.spec.keep_for
    keys = await _public_keys(plan, world)
    if keys:
        await agent.authorise(keys)
    await _mark(droplet_id, kept_tag(plan.identity.key, until), world)
    world.tell(
        DropletKept(
            at=now,
            droplet_id=droplet_id,
            address=address,
            until=until,
            price_hourly=plan.size.price_hourly,
            ssh=f"ssh root@{address}" if keys else f"docklet ssh {plan.identity.key}",
        )
    )


async def _mark(droplet_id: int, tag: str, world: World) -> None:
    """Tag the droplet; leave no tag behind when it can't be."""
    try:
        await world.cloud.add_tag(droplet_id, tag)
    except CloudError:
        await drop_tag(tag, world)
        raise


async def _public_keys(plan: Plan, world: World) -> tuple[str, ...]:
    """Return the public keys that the user listed, those of `github:USER` looked up."""
    found: list[str] = []
    for entry in plan.spec.ssh_keys:
        user = entry.removeprefix("github:")
        if user == entry:
            found.append(entry)
            continue
        try:
            found += await world.forge.public_keys(user)
        except ForgeError as error:
            told = f"The public keys of {user} could not be read: {error.message}"
            world.tell(Noticed(at=world.clock.now(), message=told))
    return tuple(found)
