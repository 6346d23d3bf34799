"""Wait for a droplet until it can be worked on: an address first, then our host key behind it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from docklet.domain.adoption import HostKey
from docklet.domain.backoff import ADDRESS_WAITS, exponential, waits
from docklet.domain.errors import CloudError, HostKeyMismatch, KeyRefused, Unreachable
from docklet.domain.events import DropletReached, Phase
from docklet.domain.outcome import Reason
from docklet.pipeline.agent import Agent

if TYPE_CHECKING:
    from docklet.domain.identity import RunKey
    from docklet.domain.keys import LoginKeys
    from docklet.domain.plan import Existing
    from docklet.pipeline.world import World
    from docklet.ports import Access, Droplet

ADDRESS_LIMIT: Final = 300.0
"""Seconds until a droplet without an address is given up."""
SSH_LIMIT: Final = 300.0
"""Seconds until a droplet that does not answer is given up."""
USUAL: Final = 60.0
"""Seconds that a droplet takes at most, as a rule; then its creation is looked into as well."""
UNSEEN_LIMIT: Final = 60.0
"""Seconds for which the cloud may deny that a new droplet exists."""
HOMES: Final = "/var/lib/docklet"
"""Where runs live on a droplet."""
_ERRORED: Final = (
    "DigitalOcean could not create the droplet: it says that its creation ended with an error. Run"
    " it again, or name another region as well."
)
_REBUILT: Final = (
    "The machine at {address} has another host key than the tag of droplet {id} says ({key}), so"
    " nothing was sent to it. If the machine was rebuilt, `docklet adopt {id}` again; if not,"
    " somebody sits in between."
)
_LOCKED: Final = (
    "The droplet at {address} does not accept docklet's key. That key derives from the"
    " DigitalOcean token: `docklet adopt {id}` with the token that this run uses, or see whether"
    " somebody took the key out of `authorized_keys`."
)


def keys_for(there: Existing, access: Access) -> LoginKeys:
    """Return the keys for a droplet that was there before a run."""
    if isinstance(there.known_by, HostKey):
        return access.adopted_keys(there.droplet_id, there.known_by)
    return access.keys(there.known_by)


async def boot(droplet: Droplet, run: RunKey, world: World) -> Agent:
    """Return the agent of `run`, installed on the run's new droplet."""
    with world.phase(Phase.BOOT):
        address = droplet.address or await _address(droplet, world)
        return await _reach(address, world.access.keys(run), run, world)


async def join(there: Existing, run: RunKey, world: World) -> Agent:
    """Return the agent of `run`, installed on a droplet that was there before."""
    known_by, keys = there.known_by, keys_for(there, world.access)
    if not isinstance(known_by, HostKey):
        return await _reach(there.address, keys, run, world)
    names = {"id": there.droplet_id, "address": there.address, "key": known_by.fingerprint}
    try:
        return await _reach(there.address, keys, run, world, final=KeyRefused)
    except HostKeyMismatch as error:
        raise HostKeyMismatch(_REBUILT.format(**names)) from error
    except KeyRefused as error:
        raise KeyRefused(_LOCKED.format(**names)) from error


async def _reach(
    address: str,
    keys: LoginKeys,
    run: RunKey,
    world: World,
    *,
    final: type[Unreachable] = HostKeyMismatch,
) -> Agent:
    """Return the agent of `run`, installed on a machine; `final` is what waiting won't change."""
    shell = world.access.shell(address, keys)
    agent = Agent(shell, f"{HOMES}/{run}", world.clock)
    try:
        await _install(agent, address, world, final)
    except Exception:
        await agent.close()
        raise
    world.tell(DropletReached(at=world.clock.now(), address=address))
    return agent


async def _address(droplet: Droplet, world: World) -> str:
    """Poll, sparsely, until the droplet has a public address."""
    started, creation = world.clock.now(), droplet.creation
    for wait in waits(ADDRESS_WAITS):
        await world.clock.sleep(wait)
        waited = world.clock.now() - started
        may_be_unseen = waited <= UNSEEN_LIMIT
        address = await _look(droplet.droplet_id, world, may_be_unseen=may_be_unseen)
        if address:
            return address
        if waited > USUAL and creation:
            creation = await _checked(creation, world)
        if waited > ADDRESS_LIMIT:
            break
    message = (
        f"Droplet {droplet.droplet_id} had no public address after {ADDRESS_LIMIT / 60:.0f}"
        " minutes. DigitalOcean may have trouble in this region"
        " (https://status.digitalocean.com)."
    )
    raise CloudError(message, reason=Reason.CREATE_FAILED)


async def _checked(creation: int, world: World) -> int:
    """Raise `CloudError` when the creation has failed; return what may be asked next, or 0.

    A token that may not ask learns it later, by the limit.
    """
    try:
        failed = await world.cloud.creation_failed(creation)
    except CloudError as error:
        return 0 if error.reason is Reason.CLOUD_DENIED else creation
    if failed:
        raise CloudError(_ERRORED, reason=Reason.CREATE_FAILED)
    return creation


async def _look(droplet_id: int, world: World, *, may_be_unseen: bool) -> str:
    """Look for the address once; a failed look is no answer, so no sign that it is gone."""
    try:
        droplet = await world.cloud.droplet(droplet_id)
    except CloudError as error:
        if error.reason is Reason.CLOUD_DENIED:
            raise
        return ""
    if droplet is None and not may_be_unseen:
        message = f"Droplet {droplet_id} vanished before it had an address: its creation failed."
        raise CloudError(message, reason=Reason.CREATE_FAILED)
    return droplet.address if droplet else ""


async def _install(agent: Agent, address: str, world: World, final: type[Unreachable]) -> None:
    """Connect as soon as sshd lets us, and leave the agent there."""
    deadline = world.clock.now() + SSH_LIMIT
    for wait in chain((0.2, 0.3, 0.5), exponential(0.5, 6.0)):
        try:
            return await agent.install(world.agent_code)
        except (HostKeyMismatch, final):
            raise
        except Unreachable as error:
            if world.clock.now() + wait > deadline:
                message = (
                    f"The droplet at {address} did not answer on SSH for {SSH_LIMIT / 60:.0f}"
                    f" minutes. The last attempt said: {error.message}"
                )
                raise Unreachable(message) from error
            await world.clock.sleep(wait)
    return None
