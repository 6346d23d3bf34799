"""Droplets whose disks stay behind when they are deleted, so that they can be searched later."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from docklet_sandbox.docker import DockerError, docker
from docklet_sandbox.droplets import DockerMachines

if TYPE_CHECKING:
    from collections.abc import Callable

    from docklet_sandbox.network import Network


class KeepingMachines(DockerMachines):
    """Machines that are switched off for good, instead of removed, while `keep` says so.

    Their containers are labelled like all of the sandbox's, and go away with it.
    """

    def __init__(self, network: Network, *, registry: str, keep: Callable[[], bool]) -> None:
        """Ask `keep` whenever a droplet is deleted."""
        super().__init__(network, registry=registry)
        self._keep = keep

    async def destroy(self, droplet_id: int) -> None:
        """Take the machine away, which frees its address; its disk may stay."""
        if not self._keep() or droplet_id not in self._addresses:
            await super().destroy(droplet_id)
            return
        await self._interrupt(droplet_id)
        with suppress(DockerError):  # only what is paused can be resumed, and has to be
            await docker("unpause", self._container(droplet_id))
        await self._tell(droplet_id, "stop", "--time=0")
        self._free.append(self._addresses.pop(droplet_id))
