"""What docklet needs of the cloud."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from decimal import Decimal

    from docklet.domain.firewall import Firewall
    from docklet.domain.plan import Image, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Droplet:
    """A machine of the cloud."""

    droplet_id: int
    name: str
    status: str
    """`new`, `active`, `off` or `archive`."""
    tags: tuple[str, ...]
    region: str
    size: str
    price_hourly: Decimal
    """Dollars an hour."""
    created: float
    """Epoch seconds."""
    address: str = ""
    """Public IPv4; empty until it has one."""
    creation: int = field(default=0, compare=False)
    """Id of the event that makes it; 0 where nobody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropletRequest:
    """A machine to be made."""

    name: str
    tags: tuple[str, ...]
    region: str
    size: str
    image: str | int
    """Slug or id."""
    user_data: str
    """For cloud-init; ASCII, at most 64 KiB."""


class Deletion(StrEnum):
    """What the cloud says to a delete request."""

    ACCEPTED = "accepted"
    GONE = "gone"
    PENDING = "pending"
    """Another event has to end first; ask again."""


class Cloud(Protocol):
    """The cloud's API; every call is one request, unless its docstring says otherwise."""

    async def droplet_limit(self) -> int:
        """Return how many droplets the account may have."""

    async def sizes(self) -> tuple[Size, ...]:
        """Return all sizes (all pages)."""

    async def application_images(self) -> tuple[Image, ...]:
        """Return the 1-click and GPU base images (all pages)."""

    async def find_image(self, name: str) -> Image | None:
        """Return the image or own snapshot with this slug, id or name (up to two requests)."""

    async def firewalls(self) -> tuple[Firewall, ...]:
        """Return all firewalls (all pages)."""

    async def create_firewall(self, firewall: Firewall) -> bool:
        """Create a firewall and the tags that it names (a request each).

        False when there is one of that name already; it stays as it is.
        """

    async def create(self, request: DropletRequest) -> Droplet:
        """Send one create request, once.

        Raises `AmbiguousCreate` when nobody knows whether it took effect, and `CreateDeferred`
        when it surely did not and may be sent again.
        """

    async def droplet(self, droplet_id: int) -> Droplet | None:
        """Return a droplet, or None when the cloud says 404."""

    async def creation_failed(self, creation: int) -> bool:
        """Tell whether the event that makes a droplet has ended with an error."""

    async def power_on(self, droplet_id: int) -> bool:
        """Ask that a droplet is switched on; False when it is gone, or busy with something."""

    async def droplets(self, *, tag: str = "") -> tuple[Droplet, ...]:
        """Return all droplets, or those with `tag` (all pages), but no GPU droplets."""

    async def gpu_droplets(self) -> tuple[Droplet, ...]:
        """Return all GPU droplets, which the plain list leaves out (all pages)."""

    async def check_deletion(self) -> None:
        """Raise `CloudError` when the token may not delete droplets; deletes none."""

    async def delete(self, droplet_id: int) -> Deletion:
        """Ask for the droplet's deletion."""

    async def unused_tags(self) -> tuple[str, ...]:
        """Return all tags that no droplet has (all pages)."""

    async def delete_tag(self, tag: str) -> None:
        """Delete a tag; one that is gone is fine."""

    async def add_tag(self, droplet_id: int, tag: str) -> None:
        """Create `tag` and put it on a droplet (two requests)."""

    async def untag(self, droplet_id: int, tag: str) -> None:
        """Take a tag off one droplet; a tag or droplet that is gone is fine."""
