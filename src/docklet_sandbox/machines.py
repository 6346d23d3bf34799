"""What the cloud needs of the machines behind its droplets, and the kind with nothing behind.

The cloud decides what the API says and when; a `Machines` decides only what is there to reach.
"""

from __future__ import annotations

from collections import deque
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOWHERE = IPv4Network("198.18.0.0/15")
"""Reserved for measuring networks (RFC 2544): no packet to it ever arrives anywhere."""


class Machines(Protocol):
    """Machines by droplet id; unknown ids are ignored, as a cloud may ask twice."""

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
        """Reserve an address at once; boot in the background after `boot_delay` seconds.

        With an infinite delay it never boots.
        """
        ...

    async def address(self, droplet_id: int) -> str | None:
        """Return the public IPv4, which survives power cycles; None for an unknown id."""
        ...

    async def power_off(self, droplet_id: int) -> None:
        """Pull the plug; the disk stays."""
        ...

    async def power_on(self, droplet_id: int) -> None:
        """Boot again from the same disk."""
        ...

    async def reboot(self, droplet_id: int) -> None:
        """Pull the plug and boot again from the same disk."""
        ...

    async def pause(self, droplet_id: int) -> None:
        """Freeze everything that runs; the network still knows the machine, nobody answers."""
        ...

    async def resume(self, droplet_id: int) -> None:
        """Let what was frozen run on as if no time had passed."""
        ...

    async def partition(self, droplet_id: int) -> None:
        """Lose every packet to and from the machine, which runs on."""
        ...

    async def heal(self, droplet_id: int) -> None:
        """Let packets through again, those of old connections, too."""
        ...

    async def destroy(self, droplet_id: int) -> None:
        """Remove the machine with its disk, also while it is booting, frozen or cut off."""
        ...

    async def close(self) -> None:
        """Remove every machine and whatever they shared."""
        ...


class NoMachines:
    """Addresses that lead nowhere, for tests of the API alone."""

    def __init__(self) -> None:
        """Start with every address free."""
        self._fresh = _NOWHERE.hosts()
        self._free: deque[str] = deque()
        self._addresses: dict[int, str] = {}

    async def create(
        self,
        droplet_id: int,
        name: str,  # noqa: ARG002  the protocol's; nothing boots here
        user_data: str,  # noqa: ARG002
        *,
        boot_delay: float = 0.0,  # noqa: ARG002
        public_keys: Sequence[str] = (),  # noqa: ARG002
        foreign_host_key: bool = False,  # noqa: ARG002
    ) -> None:
        """Reserve an address that was given back, else one that nobody had."""
        known = self._free.popleft() if self._free else None
        self._addresses[droplet_id] = known or str(next(self._fresh))

    async def address(self, droplet_id: int) -> str | None:
        """Return the reserved address; None for an unknown id."""
        return self._addresses.get(droplet_id)

    async def power_off(self, droplet_id: int) -> None:
        """Do nothing: nothing runs."""

    async def power_on(self, droplet_id: int) -> None:
        """Do nothing: nothing boots."""

    async def reboot(self, droplet_id: int) -> None:
        """Do nothing: nothing boots."""

    async def pause(self, droplet_id: int) -> None:
        """Do nothing: nothing runs."""

    async def resume(self, droplet_id: int) -> None:
        """Do nothing: nothing runs."""

    async def partition(self, droplet_id: int) -> None:
        """Do nothing: no packet arrives anyway."""

    async def heal(self, droplet_id: int) -> None:
        """Do nothing: no packet arrives anyway."""

    async def destroy(self, droplet_id: int) -> None:
        """Give the address back."""
        if address := self._addresses.pop(droplet_id, None):
            self._free.append(address)

    async def close(self) -> None:
        """Give every address back."""
        for droplet_id in list(self._addresses):
            await self.destroy(droplet_id)
