"""Addresses without machines, for tests of the API alone."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from docklet_sandbox.machines import NoMachines
from docklet_sandbox.network import Network

NOWHERE = IPv4Network("198.18.0.0/15")


async def test_every_machine_has_an_address_of_its_own() -> None:
    """Addresses differ, lead nowhere, and suffice for many droplets at once."""
    machines = NoMachines()
    for droplet_id in range(3000):
        await machines.create(droplet_id, f"docklet-{droplet_id}", "")
    found = {await machines.address(droplet_id) for droplet_id in range(3000)}
    assert len(found) == 3000
    assert all(IPv4Address(address or "") in NOWHERE for address in found)


async def test_addresses_are_given_back() -> None:
    """Machines that come one after the other share one address, however many they are."""
    machines = NoMachines()
    seen = set()
    for droplet_id in range(1000):
        await machines.create(droplet_id, "docklet", "")
        seen.add(await machines.address(droplet_id))
        await machines.destroy(droplet_id)
        assert await machines.address(droplet_id) is None
    assert len(seen) == 1


async def test_unknown_machines_are_ignored() -> None:
    """A cloud may ask twice."""
    machines = NoMachines()
    await machines.destroy(1)
    await machines.reboot(1)
    await machines.power_off(1)
    await machines.power_on(1)
    await machines.pause(1)
    await machines.resume(1)
    await machines.partition(1)
    await machines.heal(1)
    await machines.close()
    assert await machines.address(1) is None


def test_droplets_get_neither_the_gateway_nor_the_registry() -> None:
    """Servers and droplets share a network without getting into each other's way."""
    network = Network(sandbox_id="x", subnet=IPv4Network("10.213.4.0/22"))
    assert not {network.gateway, network.registry} & set(network.droplets())
    assert len(network.droplets()) > 1000
