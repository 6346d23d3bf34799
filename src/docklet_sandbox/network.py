"""The network that a sandbox's servers and droplets share, with addresses that are ours to give.

Its gateway is this machine: a server that binds there is reached under one address from here,
from the droplets and from an action's container that joins the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from zlib import crc32

from docklet_sandbox.docker import LABEL, DockerError, docker

_SPACE = list(IPv4Network("10.213.0.0/16").subnets(new_prefix=22))
"""Few networks are numbered like this; each of the 64 has room for a thousand droplets."""
_TAKEN = "Pool overlaps"
_RESERVED = 8
"""Addresses at the start that are not droplets': the gateway's, the registry's, a few spare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One bridge network of Docker."""

    sandbox_id: str
    subnet: IPv4Network

    @property
    def name(self) -> str:
        """The network's name, for `docker run --network`."""
        return network_name(self.sandbox_id)

    @property
    def gateway(self) -> str:
        """This machine's address on the network."""
        return str(self.subnet[1])

    @property
    def registry(self) -> str:
        """The address of the registry's container."""
        return str(self.subnet[2])

    def droplets(self) -> list[str]:
        """Return the addresses that droplets may have."""
        return [str(address) for address in self.subnet.hosts()][_RESERVED:]


def network_name(sandbox_id: str) -> str:
    """Return the name of a sandbox's network."""
    return f"docklet-sandbox-{sandbox_id}"


async def make_network(sandbox_id: str) -> Network:
    """Make the network of a sandbox in a range that nothing else in Docker uses."""
    start = crc32(sandbox_id.encode()) % len(_SPACE)
    for subnet in _SPACE[start:] + _SPACE[:start]:
        network = Network(sandbox_id=sandbox_id, subnet=subnet)
        try:
            await _create(network)
        except DockerError as error:
            if _TAKEN not in str(error):
                raise
        else:
            return network
    message = "Every network from 10.213.0.0/16 is taken: remove old ones, `docker network prune`."
    raise DockerError(message)


async def _create(network: Network) -> None:
    await docker(
        "network",
        "create",
        f"--subnet={network.subnet}",
        f"--gateway={network.gateway}",
        f"--label={LABEL}={network.sandbox_id}",
        network.name,
    )
