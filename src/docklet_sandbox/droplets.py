"""Droplets that are containers: cloud-init, sshd and dockerd are real, the kernel is shared.

Nothing runs with --privileged, which some hosts cannot grant, and nothing of the host is mounted.
`/run` is new at every boot, as on a machine; the boot id, being the kernel's, is not.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from math import inf
from typing import TYPE_CHECKING

from docklet_sandbox.disk import foreign_identity, packed, seed
from docklet_sandbox.docker import LABEL, DockerError, docker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from docklet_sandbox.network import Network

IMAGE = "docklet-sandbox/droplet"
_GONE = "No such container"
_EVERYWHERE = (
    "INPUT --in-interface eth0",
    "OUTPUT --out-interface eth0",
    "FORWARD --in-interface eth0",
    "FORWARD --out-interface eth0",
)
"""Where packets to and from a droplet and its containers pass."""
_OPTIONS = (
    "--cap-add=ALL",
    "--cap-drop=SYS_RESOURCE",  # hosts that lack it themselves refuse to hand it out
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--security-opt=systempaths=unconfined",
    "--tmpfs=/run:exec",
)
_log = logging.getLogger(__name__)


class DockerMachines:
    """Machines on one network, whose daemons pull through one registry."""

    def __init__(self, network: Network, *, registry: str) -> None:
        """Take a registry as `host:port`, as it is reached from the network."""
        self._network = network
        self._registry = registry
        self._free = deque(network.droplets())
        self._addresses: dict[int, str] = {}
        self._boots: dict[int, asyncio.Task[None]] = {}

    async def create(
        self,
        droplet_id: int,
        name: str,
        user_data: str,
        *,
        boot_delay: float = 0.0,
        public_keys: Sequence[str] = (),
        foreign_host_key: bool = False,
    ) -> None:
        """Make the container at once, so that errors are the caller's; boot it behind its back."""
        self._addresses[droplet_id] = self._free.popleft()
        files = {
            **seed(droplet_id, name, user_data, public_keys),
            "etc/docker/daemon.json": json.dumps(self._daemon()),
            **(foreign_identity() if foreign_host_key else {}),
        }
        try:
            await self._make(droplet_id)
            await docker("cp", "-", f"{self._container(droplet_id)}:/", stdin=packed(files))
        except BaseException:
            await self.destroy(droplet_id)
            raise
        if boot_delay < inf:
            boot = self._boot(droplet_id, boot_delay)
            self._boots[droplet_id] = asyncio.create_task(boot)

    async def address(self, droplet_id: int) -> str | None:
        """Return the public IPv4, which is fixed from the start; None for an unknown id."""
        return self._addresses.get(droplet_id)

    async def power_off(self, droplet_id: int) -> None:
        """Kill what runs in the container, which stays."""
        await self._interrupt(droplet_id)
        await self._tell(droplet_id, "stop", "--time=0")

    async def power_on(self, droplet_id: int) -> None:
        """Start the container, which boots it."""
        await self._interrupt(droplet_id)
        await self._tell(droplet_id, "start")

    async def reboot(self, droplet_id: int) -> None:
        """Kill the container and start it again."""
        await self._interrupt(droplet_id)
        await self._tell(droplet_id, "restart", "--time=0")

    async def pause(self, droplet_id: int) -> None:
        """Stop every process of the container where it stands."""
        await self._tell(droplet_id, "pause")

    async def resume(self, droplet_id: int) -> None:
        """Let the container's processes go on."""
        await self._tell(droplet_id, "unpause")

    async def partition(self, droplet_id: int) -> None:
        """Drop all packets in the container's own firewall, which a reboot empties."""
        await self._filter(droplet_id, "--insert")

    async def heal(self, droplet_id: int) -> None:
        """Take the firewall's rules out again."""
        await self._filter(droplet_id, "--delete")

    async def _filter(self, droplet_id: int, verb: str) -> None:
        rules = (f"iptables --wait {verb} {where} --jump DROP" for where in _EVERYWHERE)
        container = self._container(droplet_id)
        try:
            await docker("exec", container, "sh", "-c", " && ".join(rules))
        except DockerError as error:
            if _GONE not in str(error):
                raise

    async def destroy(self, droplet_id: int) -> None:
        """Remove the container with its volume, also while it is booting."""
        await self._interrupt(droplet_id)
        await self._tell(droplet_id, "rm", "--force", "--volumes")
        if address := self._addresses.pop(droplet_id, None):
            self._free.append(address)

    async def close(self) -> None:
        """Remove every machine; network and registry are left to who made them."""
        await asyncio.gather(*(self.destroy(droplet_id) for droplet_id in list(self._addresses)))

    async def _make(self, droplet_id: int) -> None:
        label = f"{LABEL}={self._network.sandbox_id}"
        await docker(
            "create",
            f"--name={self._container(droplet_id)}",
            f"--label={label}",
            f"--network={self._network.name}",
            f"--ip={self._addresses[droplet_id]}",
            f"--mount=type=volume,destination=/var/lib/docker,volume-label={label}",
            *_OPTIONS,
            IMAGE,
        )

    async def _boot(self, droplet_id: int, delay: float) -> None:
        await asyncio.sleep(delay)
        try:
            await docker("start", self._container(droplet_id))
        except DockerError:
            _log.exception("Droplet %d does not boot", droplet_id)

    async def _interrupt(self, droplet_id: int) -> None:
        """Make sure that the first boot has either happened or never will."""
        if boot := self._boots.pop(droplet_id, None):
            boot.cancel()
            await asyncio.wait([boot])

    async def _tell(self, droplet_id: int, *command: str) -> None:
        try:
            await docker(*command, self._container(droplet_id))
        except DockerError as error:
            if _GONE not in str(error):
                raise

    def _daemon(self) -> Mapping[str, list[str]]:
        """Return the daemon's settings: our registry is the public one's mirror, without TLS."""
        return {
            "registry-mirrors": [f"http://{self._registry}"],
            "insecure-registries": [str(self._network.subnet)],
        }

    def _container(self, droplet_id: int) -> str:
        return f"{self._network.name}-{droplet_id}"
