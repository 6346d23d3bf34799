"""Droplets that are containers: cloud-init, sshd and dockerd are real, the kernel is shared.

Nothing runs with --privileged, which some hosts cannot grant, and nothing of the host is mounted.
`/run` is new at every boot, as on a machine; the boot id, being the kernel's, is not.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import tarfile
from collections import deque
from typing import TYPE_CHECKING

from docklet_sandbox.docker import LABEL, DockerError, docker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from docklet_sandbox.network import Network

IMAGE = "docklet-sandbox/droplet"
_SEED = "var/lib/cloud/seed/nocloud"
_VENDOR_DATA = "#cloud-config\ndisable_root: false\nmanage_etc_hosts: true\n"
"""What DigitalOcean tells every droplet (cloud-init, test_digitalocean.py)."""
_GONE = "No such container"
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
        meta_data = {
            "instance-id": str(droplet_id),
            "local-hostname": name,
            "public-keys": list(public_keys),
        }
        files = {
            f"{_SEED}/user-data": user_data,
            f"{_SEED}/meta-data": json.dumps(meta_data),
            f"{_SEED}/vendor-data": _VENDOR_DATA,
            "etc/docker/daemon.json": json.dumps(self._daemon()),
            **(_foreign_identity() if foreign_host_key else {}),
        }
        try:
            await self._make(droplet_id)
            await docker("cp", "-", f"{self._container(droplet_id)}:/", stdin=_tar(files))
        except BaseException:
            await self.destroy(droplet_id)
            raise
        self._boots[droplet_id] = asyncio.create_task(self._boot(droplet_id, boot_delay))

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


def _foreign_identity() -> Mapping[str, str]:
    """Return files that give sshd a host key of its own, and have it log what clients send."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate().private_bytes(
        form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption()
    )
    # cloud-init deletes what is called ssh_host_*, and the first HostKey forgets the default ones.
    return {
        "etc/ssh/foreign_key": key.decode(),
        "etc/ssh/sshd_config.d/00-foreign.conf": (
            "HostKey /etc/ssh/foreign_key\nLogLevel DEBUG1\n"
        ),
    }


def _tar(files: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(path)
            member.size = len(content)
            member.mode = 0o600
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()
