"""Machines of which each can be reached through a byte proxy of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docklet_sandbox.machines import Machines
    from docklet_sandbox.proxies import Proxies
    from docklet_sandbox.settings import Settings


def bare(machines: Machines) -> Machines:
    """Return the machines themselves, without proxies before them."""
    return machines.machines if isinstance(machines, FrontedMachines) else machines


class FrontedMachines:
    """Other machines, with a proxy before those that are made while `settings.proxied` is on."""

    def __init__(
        self, machines: Machines, proxies: Proxies, settings: Settings, *, port: int
    ) -> None:
        """Wrap machines whose sshd listens on a port; their proxies listen on it, too."""
        self.machines = machines
        """The machines behind the proxies."""
        self._proxies = proxies
        self._settings = settings
        self._port = port

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
        """Make the machine, and its proxy if it is to have one."""
        await self.machines.create(
            droplet_id,
            name,
            user_data,
            boot_delay=boot_delay,
            public_keys=public_keys,
            foreign_host_key=foreign_host_key,
        )
        address = await self.machines.address(droplet_id)
        if self._settings.proxied and address:
            try:
                await self._front(droplet_id, address)
            except BaseException:
                await self.machines.destroy(droplet_id)
                raise

    async def _front(self, droplet_id: int, address: str) -> None:
        refused = self._settings.ssh_delay
        await self._proxies.front(droplet_id, (address, self._port), refused=refused)

    async def address(self, droplet_id: int) -> str | None:
        """Return the proxy's address, else the machine's own."""
        proxy = self._proxies.get(str(droplet_id))
        return proxy.host if proxy else await self.machines.address(droplet_id)

    async def power_off(self, droplet_id: int) -> None:
        """Pull the plug; the proxy finds nobody then."""
        await self.machines.power_off(droplet_id)

    async def power_on(self, droplet_id: int) -> None:
        """Boot again from the same disk."""
        await self.machines.power_on(droplet_id)

    async def reboot(self, droplet_id: int) -> None:
        """Pull the plug and boot again from the same disk."""
        await self.machines.reboot(droplet_id)

    async def pause(self, droplet_id: int) -> None:
        """Freeze the machine behind the proxy."""
        await self.machines.pause(droplet_id)

    async def resume(self, droplet_id: int) -> None:
        """Let the machine run on."""
        await self.machines.resume(droplet_id)

    async def partition(self, droplet_id: int) -> None:
        """Lose every packet of the machine; the proxy goes on waiting for them."""
        await self.machines.partition(droplet_id)

    async def heal(self, droplet_id: int) -> None:
        """Let the machine's packets through again."""
        await self.machines.heal(droplet_id)

    async def destroy(self, droplet_id: int) -> None:
        """Remove the machine, then its proxy."""
        await self.machines.destroy(droplet_id)
        await self._proxies.close(str(droplet_id))

    async def close(self) -> None:
        """Remove every machine; proxies are left to who made them."""
        await self.machines.close()
