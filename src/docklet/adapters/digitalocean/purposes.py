"""What requests to DigitalOcean are for, and the scopes that a token needs for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a request is for, in words for messages."""

    doing: str
    """The end of "the token may not ..."."""
    scopes: str
    """What a custom-scoped token needs for it (docs.digitalocean.com/reference/api/scopes)."""


CREATE: Final = Purpose(
    doing="create a droplet",
    scopes=(
        "`droplet:create`, `droplet:read`, `tag:create`, `tag:read`, `regions:read`,"
        " `sizes:read`, `actions:read` and `image:read`"
    ),
)
ACCOUNT: Final = Purpose(doing="read the account", scopes="`account:read`")
SIZES: Final = Purpose(doing="read sizes and prices", scopes="`sizes:read` and `regions:read`")
IMAGES: Final = Purpose(doing="read images", scopes="`image:read`")
READ: Final = Purpose(doing="read droplets", scopes="`droplet:read`")
EVENT: Final = Purpose(doing="see how a droplet's creation went", scopes="`actions:read`")
POWER: Final = Purpose(doing="switch a droplet on", scopes="`droplet:update`")
DELETE: Final = Purpose(doing="delete a droplet", scopes="`droplet:delete`")
UNTAG: Final = Purpose(doing="delete a tag, or take it off a droplet", scopes="`tag:delete`")
TAGS: Final = Purpose(doing="read tags", scopes="`tag:read`")
TAG: Final = Purpose(doing="tag a droplet", scopes="`tag:create`")
WALLS: Final = Purpose(
    doing="read the account's firewalls", scopes="`firewall:read` and `firewall:create`"
)
WALL: Final = Purpose(
    doing="create the firewall for droplets",
    scopes="`firewall:read`, `firewall:create`, `tag:create` and `tag:read`",
)
