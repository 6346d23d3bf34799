"""Droplets on loopback addresses of their own, all of them in this process."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import deque
from ipaddress import IPv4Network
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Final
from zlib import crc32

import asyncssh

from docklet_sandbox.light.cloud_init import read_user_data
from docklet_sandbox.light.machine import LightMachine
from docklet_sandbox.light.script import Script
from docklet_sandbox.light.ssh import keys_of
from docklet_sandbox.memory_loop import running
from docklet_sandbox.state import SandboxError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docklet_sandbox.light.cloud_init import Instructions

SSH_PORT: Final = 22
_SPACE: Final = list(IPv4Network("127.64.0.0/10").subnets(new_prefix=22))
"""Each sandbox takes one of these, with room for a thousand droplets."""
_FORBIDDEN: Final = (
    "Light droplets answer on port {port}, which this user may not open. Run the sandbox as root,"
    " or choose a port from 1024 on with --ssh-port and tell it to whoever connects."
)
_TAKEN: Final = (
    "Light droplets answer on port {port}, which another program has taken on every address of"
    " this machine (sshd does that). Choose another port with --ssh-port."
)


class LightMachines:
    """Machines by droplet id, on one of the blocks of loopback addresses."""

    def __init__(self, sandbox_id: str, *, port: int = SSH_PORT) -> None:
        """Take a block of addresses; raise SandboxError when the port can't be had."""
        self.default = Script()
        """What new droplets do, unless they are told otherwise."""
        self.starts: list[float] = []
        """When containers were started, on any of them."""
        self._port = port
        self._claim, block = _claimed(sandbox_id, port)
        self._fresh = islice(block, 2, block.num_addresses - 1)
        self._free: deque[str] = deque()
        self._machines: dict[int, LightMachine] = {}
        self._boots: dict[int, asyncio.Task[None]] = {}

    def machine(self, droplet_id: int) -> LightMachine | None:
        """Return the machine of a droplet, to look inside."""
        return self._machines.get(droplet_id)

    def perform(self, script: Script, droplet_id: int | None = None) -> None:
        """Let a droplet's next container, or those of all to come, play a script."""
        if droplet_id is None:
            self.default = script
            return
        machine = self._machines[droplet_id]
        machine.script = script
        for agent in machine.agents.values():
            agent.script = script

    async def create(
        self,
        droplet_id: int,
        name: str,  # noqa: ARG002  the protocol's; nothing shows it
        user_data: str,
        *,
        boot_delay: float = 0.0,
        public_keys: Sequence[str] = (),
        foreign_host_key: bool = False,
    ) -> None:
        """Take an address; boot in the background."""
        told = read_user_data(user_data)
        self._machines[droplet_id] = LightMachine(
            address=self._free.popleft() if self._free else str(next(self._fresh)),
            port=self._port,
            script=self.default,
            told=told,
            host_keys=_host_keys(told, foreign=foreign_host_key),
            authorized=keys_of([*told.authorized_keys, *public_keys]),
            starts=self.starts,
        )
        self._boots[droplet_id] = asyncio.create_task(self._boot(droplet_id, boot_delay))

    async def address(self, droplet_id: int) -> str | None:
        """Return the machine's address; None for an unknown id."""
        machine = self._machines.get(droplet_id)
        return machine.address if machine else None

    async def power_off(self, droplet_id: int) -> None:
        """Pull the plug; what ran is over, its log stays."""
        await self._interrupt(droplet_id)
        if machine := self._machines.get(droplet_id):
            await machine.halt()

    async def power_on(self, droplet_id: int) -> None:
        """Boot again from the same disk."""
        await self._interrupt(droplet_id)
        if machine := self._machines.get(droplet_id):
            machine.open()

    async def reboot(self, droplet_id: int) -> None:
        """Pull the plug and boot again."""
        await self.power_off(droplet_id)
        await self.power_on(droplet_id)

    async def pause(self, droplet_id: int) -> None:
        """Freeze the machine: nobody answers; its script's time goes on, unlike a real one's."""
        await self.partition(droplet_id)

    async def resume(self, droplet_id: int) -> None:
        """Let what was frozen run on."""
        await self.heal(droplet_id)

    async def partition(self, droplet_id: int) -> None:
        """Lose every packet to and from the machine."""
        if machine := self._machines.get(droplet_id):
            machine.separate()

    async def heal(self, droplet_id: int) -> None:
        """Let packets through again."""
        if machine := self._machines.get(droplet_id):
            machine.rejoin()

    async def destroy(self, droplet_id: int) -> None:
        """Remove the machine, also while it is booting."""
        await self._interrupt(droplet_id)
        if machine := self._machines.pop(droplet_id, None):
            await machine.halt()
            self._free.append(machine.address)

    async def close(self) -> None:
        """Remove every machine and give the block of addresses back."""
        await asyncio.gather(*(self.destroy(droplet_id) for droplet_id in list(self._machines)))
        self._claim.close()

    async def _boot(self, droplet_id: int, delay: float) -> None:
        if delay == inf:
            return
        await asyncio.sleep(delay)
        self._machines[droplet_id].open()

    async def _interrupt(self, droplet_id: int) -> None:
        """Make sure that the first boot has either happened or never will."""
        if boot := self._boots.pop(droplet_id, None):
            boot.cancel()
            await asyncio.wait([boot])


def _claimed(sandbox_id: str, port: int) -> tuple[socket.socket, IPv4Network]:
    """Return a block that no other sandbox has, and the socket that keeps it ours."""
    if running() is not None:
        claim = socket.socket()
        claim.close()  # its addresses are nobody else's
        return claim, _SPACE[0]
    start = crc32(sandbox_id.encode()) % len(_SPACE)
    for block in _SPACE[start:] + _SPACE[:start]:
        claim = socket.socket()
        try:
            claim.bind((str(block[1]), port))
        except OSError as error:
            claim.close()
            if error.errno == errno.EACCES:
                raise SandboxError(_FORBIDDEN.format(port=port)) from error
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return claim, block
    raise SandboxError(_TAKEN.format(port=port))


def _host_keys(told: Instructions, *, foreign: bool) -> list[asyncssh.SSHKey]:
    """Return the keys that user_data brought, or a new one."""
    if told.host_keys and not foreign:
        return [asyncssh.import_private_key(text) for text in told.host_keys]
    return [asyncssh.generate_private_key("ssh-ed25519")]
