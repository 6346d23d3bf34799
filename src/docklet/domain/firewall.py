"""The cloud firewall that every droplet of a run stands behind from its first moment on.

All runs of an account share it, bound to a tag that all their droplets have, since a firewall for
each run would have to be there before its droplet and be taken away after it. It stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import CloudError
from docklet.domain.outcome import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

TAG: Final = "docklet"
"""On every droplet that a run rents, for the firewall alone: it tells nobody whose a droplet is,
so nothing is found or deleted by it."""
ALL_PORTS: Final = "0"
"""How the cloud writes that every port is meant."""
EVERYWHERE: Final = frozenset({"0.0.0.0/0", "::/0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Traffic that a firewall lets through."""

    protocol: str
    """`tcp`, `udp` or `icmp`."""
    ports: str
    """One port, a range such as `8000-9000`, or `ALL_PORTS`."""
    addresses: frozenset[str]
    """Networks that it may come from, or go to; others than these may be let through as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """A firewall of the cloud; it drops what none of its openings names."""

    name: str
    tags: frozenset[str]
    """Tags of the droplets behind it."""
    inbound: tuple[Opening, ...]
    outbound: tuple[Opening, ...]


SHARED: Final = Firewall(
    name="docklet",
    tags=frozenset({TAG}),
    inbound=(Opening(protocol="tcp", ports="22", addresses=EVERYWHERE),),
    outbound=tuple(
        Opening(protocol=protocol, ports=ALL_PORTS, addresses=EVERYWHERE)
        for protocol in ("tcp", "udp", "icmp")
    ),
)
"""SSH alone comes in, from anywhere, since hosted runners have no addresses of their own."""


def is_shared(firewalls: Iterable[Firewall]) -> bool:
    """Tell whether docklet's firewall is among `firewalls`; raise `CloudError` for a wrong one.

    One whose owner has narrowed it, to some addresses for instance, is as good.
    """
    found = next((one for one in firewalls if one.name == SHARED.name), None)
    if found is None:
        return False
    if wrong := _objection(found):
        raise CloudError(_WRONG.format(wrong=wrong), reason=Reason.INVALID_INPUT)
    return True


def _objection(firewall: Firewall) -> str:
    """Say what makes a firewall none of ours; empty if nothing does."""
    if TAG not in firewall.tags:
        return f"is not bound to the tag `{TAG}`, so it covers no droplet of a run"
    wider = [one for one in firewall.inbound if (one.protocol, one.ports) != ("tcp", "22")]
    if wider:
        named = ", ".join(f"{one.protocol} {_ports(one)}" for one in wider)
        return f"lets in more than SSH ({named})"
    return "" if firewall.inbound else "does not let SSH in"


def _ports(opening: Opening) -> str:
    """Return an opening's ports in words."""
    return "to all ports" if opening.ports == ALL_PORTS else opening.ports


_WRONG: Final = (
    f"The account has a firewall `{SHARED.name}` that {{wrong}}. docklet rents no droplet behind"
    " it, and changes no firewall. Rename it, delete it, or let it have inbound TCP 22 alone and"
    f" the tag `{TAG}` (https://cloud.digitalocean.com/networking/firewalls); where there is none"
    " of that name, docklet makes its own."
)
