"""What can be turned while the sandbox runs: delays, limits, tokens.

There is one mutable object, and every reader looks at it anew for each request, so that a change
made over the control API holds from the next request on.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def hatched(name: str, size: int) -> str:
    """Return `size` bytes in hex that stand in no source, and are always the same for a name."""
    return hashlib.shake_256(f"a secret of the sandbox: {name}".encode()).hexdigest(size)


CLOUD_TOKEN = f"dop_v1_{hatched('cloud', 32)}"
"""The token that may do everything; it has the form of a real one and opens nothing elsewhere."""
REGISTRY_LOGIN = ("robot", f"sandbox-pull-{hatched('registry', 16)}")
"""User and password of the private registry."""


@dataclass(slots=True, kw_only=True)
class Settings:
    """All the knobs; seconds are floats, and every default is the kindest value."""

    api_delay: float = 0.0
    """Seconds that every answer of cloud and forge takes at least."""
    boot_delay: float = 0.0
    """Seconds from create until a droplet is active and starts to boot."""
    ip_delay: float = 0.0
    """Seconds from active until the addresses are shown."""
    pull_delay: float = 0.0
    """Seconds that the registry holds back every image manifest."""
    action_delay: float = 0.0
    """Seconds that a droplet action other than create takes."""
    list_lag: float = 0.0
    """Seconds for which lists do not know of a create or a delete."""
    get_lag: float = 0.0
    """Seconds for which a new droplet asked for by id is a 404."""
    delete_pending: float = 0.0
    """Seconds from create for which a delete is refused because of the pending event."""
    droplet_limit: int = 10
    """How many droplets the account may have at once."""
    limit_hour: int = 5000
    """Requests an hour and token, in a sliding window."""
    limit_minute: int = 250
    """Requests a minute and token, in a sliding window."""
    keep_disks: bool = False
    """Whether the disks of deleted droplets stay, to be searched, until the sandbox is stopped."""
    foreign_host_key: bool = False
    """Whether new droplets answer with a host key that their user_data did not bring."""
    proxied: bool = False
    """Whether new droplets are reached through a byte proxy, on a loopback address of their own.

    The sandbox has to be allowed to listen on port 22 then.
    """
    ssh_delay: float = 0.0
    """Seconds from create for which a proxied droplet refuses SSH."""
    full_regions: list[str] = field(default_factory=list)
    """Regions that `/v2/sizes` offers and that refuse to create all the same."""
    tokens: dict[str, list[str] | None] = field(default_factory=lambda: {CLOUD_TOKEN: None})
    """Tokens of the cloud with their scopes (`droplet:create`); None is full access."""

    def patch(self, changes: Mapping[str, Any]) -> None:
        """Set the knobs named; raise ValueError or TypeError for a wrong one."""
        kinds = {f.name: type(getattr(self, f.name)) for f in fields(self)}
        for name, value in changes.items():
            if name not in kinds:
                message = f"There is no setting {name!r}; there are {', '.join(kinds)}."
                raise ValueError(message)
            fits = int | float if kinds[name] is float else kinds[name]
            is_bool = isinstance(value, bool)  # which Python takes for a number
            if not isinstance(value, fits) or is_bool is not (kinds[name] is bool):
                message = f"The setting {name!r} takes {kinds[name].__name__}, not {value!r}."
                raise TypeError(message)
        for name, value in changes.items():
            setattr(self, name, kinds[name](value))

    def reset(self, start: Mapping[str, Any]) -> None:
        """Return every knob to its default, then apply the settings the sandbox started with."""
        self.patch(asdict(Settings()))
        self.patch(start)
