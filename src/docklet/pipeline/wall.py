"""Make sure of the firewall that droplets are rented behind, before there is any to pay for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.errors import CloudError
from docklet.domain.firewall import SHARED, is_shared

if TYPE_CHECKING:
    from docklet.domain.firewall import Firewall
    from docklet.pipeline.world import Site

LAG: Final = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Seconds before further looks for a firewall that another run has just made."""
_UNSEEN: Final = (
    f"DigitalOcean says that there is a firewall `{SHARED.name}` and does not list it, so nobody"
    " can tell what it lets in. Try again in a minute."
)


async def wall_off(firewalls: tuple[Firewall, ...], site: Site) -> None:
    """Make the firewall unless it is among `firewalls`; of two runs at once, one makes it.

    Where it is missing, docklet is new to the account, and its token may be one that can create
    droplets and not delete them: that is found out first. Raises `CloudError` then, and where the
    firewall can't be made, or somebody else's has its name.
    """
    if is_shared(firewalls):
        return
    await site.cloud.check_deletion()
    if await site.cloud.create_firewall(SHARED):
        return
    for wait in LAG:
        await site.clock.sleep(wait)
        if is_shared(await site.cloud.firewalls()):
            return
    raise CloudError(_UNSEEN)
