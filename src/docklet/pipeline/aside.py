"""What goes on beside a run and is none of its business: it never costs the run its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from docklet.domain.identity import Identity
    from docklet.ports import Droplet


class Aside(Protocol):
    """Takes over droplets that are past their deadline and may hold finished results."""

    def wants(self, droplet: Droplet, identity: Identity) -> bool:
        """Tell whether there may be something to save."""

    def begin(self, droplet: Droplet, identity: Identity) -> None:
        """Begin to save what is there and to delete the droplet, whatever comes of that."""

    async def end(self, patience: float) -> int:
        """Wait up to `patience` seconds, delete what takes longer; return how many are gone."""

    def abandon(self) -> None:
        """Stop at once, and leave what is not done to the next one who comes by."""
