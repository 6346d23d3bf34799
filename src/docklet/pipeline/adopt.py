"""Let docklet run on a droplet that somebody else made, and take that back.

The user logs in once, by their own SSH client and what it trusts. From there comes the host key,
which goes into a tag of the droplet: later processes need the cloud token and nothing else.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docklet.domain.adoption import host_key_of, host_keys
from docklet.domain.errors import (
    AgentError,
    CloudError,
    DockletError,
    HostKeyMismatch,
    KeyRefused,
)
from docklet.domain.identity import identity_of
from docklet.pipeline.existing import named, reachable, unfit
from docklet.pipeline.reach import HOMES
from docklet.pipeline.world import together
from docklet.render.adoption import HOST_KEY, MISSING, REMOVED, adopting, answers, releasing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.domain.adoption import HostKey
    from docklet.ports import Access, Cloud, Completed, Droplet, Login

_NEEDED: Final[Mapping[str, str]] = {
    "python3": "Python 3.8 or newer (`python3`)",
    "docker": "Docker, answering on /var/run/docker.sock",
    "iptables": "`iptables`",
    "root": "a login as root",
    "host-key": "an Ed25519 host key (`ssh-keygen -A` makes one)",
}
_LACKING: Final = (
    "Droplet {id} lacks what runs need, so nothing was changed on it: {what}. Install it and adopt"
    " the droplet again."
)
_OURS: Final = (
    "docklet made this droplet and knows its keys. Name it with `droplet` as long as it is kept."
)
_ODD: Final = (
    "The machine at {address} did not do what it was asked to (exit code {code}); what it said"
    " stands above."
)
_OTHER: Final = (
    "The host key that lies in /etc/ssh/ssh_host_ed25519_key.pub, {key}, is not the one that"
    " {address} shows on port 22."
)
_REFUSED: Final = (
    "The machine at {address} does not accept the key that was put into root's `authorized_keys`."
    " Does its sshd let root in by key (PermitRootLogin), and read that file?"
)
_UNTAGGED: Final = (
    "Nothing was tagged, so docklet does not run there. `docklet adopt --undo {id}` takes its key"
    " out again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A droplet that runs may be sent to."""

    droplet: Droplet
    host: HostKey
    stale: tuple[str, ...]
    """Tags of other host keys, which were taken off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A droplet that runs can't be sent to any more."""

    droplet: Droplet
    left: DockletError | None
    """Why docklet's key may still be there."""


async def adopt(word: str, cloud: Cloud, access: Access, login: Login) -> Adopted:
    """Let docklet in and note the host key; doing it again changes nothing.

    Raises `InvalidInputs` for a droplet that won't do, and `DockletError` when nobody got in.
    """
    droplet = await _foreign(word, cloud)
    host = await _introduced(droplet, access, login)
    try:
        await _proven(droplet, host, access)
        stale = await _mark(droplet, host, cloud)
    except DockletError as error:
        error.message += f" {_UNTAGGED.format(id=droplet.droplet_id)}"
        raise
    return Adopted(droplet=droplet, host=host, stale=stale)


async def release(word: str, cloud: Cloud, access: Access, login: Login) -> Released:
    """Take the tag off, in any case, and then docklet's key out of the machine."""
    droplet = await _foreign(word, cloud)
    for tag in host_keys(droplet.tags):
        await _unmark(droplet, tag, cloud)
    script = releasing(access.client_key(droplet.droplet_id), droplet.droplet_id, HOMES)
    try:
        done = await login.run(reachable(droplet), script)
        if REMOVED not in answers(done.stdout):
            raise _odd(droplet, done)
    except DockletError as error:
        return Released(droplet=droplet, left=error)
    return Released(droplet=droplet, left=None)


async def _foreign(word: str, cloud: Cloud) -> Droplet:
    """Return the droplet that `word` means, unless it is one of docklet's."""
    plain, gpus = await together(cloud.droplets(), cloud.gpu_droplets())
    droplet = named(word, (*plain, *gpus))
    if identity_of(droplet.name, droplet.tags) is not None:
        raise unfit(_OURS)
    return droplet


async def _introduced(droplet: Droplet, access: Access, login: Login) -> HostKey:
    """Let our key in and return the machine's host key, or refuse a machine that won't do."""
    number = droplet.droplet_id
    done = await login.run(reachable(droplet), adopting(access.client_key(number), number))
    told = answers(done.stdout)
    lacking = [text for word, text in _NEEDED.items() if word in told.get(MISSING, "").split()]
    if lacking:
        raise unfit(_LACKING.format(id=number, what="; ".join(lacking)))
    try:
        return host_key_of(told.get(HOST_KEY, ""))
    except ValueError:
        raise _odd(droplet, done) from None


async def _proven(droplet: Droplet, host: HostKey, access: Access) -> None:
    """Log in as a run will, with our key and to that host key."""
    names = {"address": droplet.address, "key": host.fingerprint}
    keys = access.adopted_keys(droplet.droplet_id, host)
    shell = access.shell(droplet.address, keys)
    try:
        await shell.run(("true",))
    except HostKeyMismatch as error:
        raise HostKeyMismatch(_OTHER.format(**names)) from error
    except KeyRefused as error:
        raise KeyRefused(_REFUSED.format(**names)) from error
    finally:
        await shell.close()


async def _mark(droplet: Droplet, host: HostKey, cloud: Cloud) -> tuple[str, ...]:
    """Tag the droplet with its host key alone; return the tags that had to go."""
    there = host_keys(droplet.tags)
    if host not in there.values():
        try:
            await cloud.add_tag(droplet.droplet_id, host.tag)
        except CloudError:
            with suppress(CloudError):
                await _unmark(droplet, host.tag, cloud)
            raise
    stale = tuple(tag for tag, key in there.items() if key != host)
    for tag in stale:
        await _unmark(droplet, tag, cloud)
    return stale


async def _unmark(droplet: Droplet, tag: str, cloud: Cloud) -> None:
    """Take a tag off, and delete it unless another droplet, such as a copy, has it."""
    await cloud.untag(droplet.droplet_id, tag)
    plain, gpus = await together(cloud.droplets(tag=tag), cloud.gpu_droplets())
    others = {one.droplet_id for one in (*plain, *gpus) if tag in one.tags}
    if not others - {droplet.droplet_id}:
        await cloud.delete_tag(tag)


def _odd(droplet: Droplet, done: Completed) -> AgentError:
    """Return the error for a machine that did not answer as agreed."""
    message = _ODD.format(address=droplet.address, code=done.exit_code)
    return AgentError(message, kind=f"exit-{done.exit_code}")
