"""What firewalls let in to a droplet, by its tags; each of several counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet_sandbox.cloud.catalog import Record


def openings(firewalls: Iterable[Record], tags: Iterable[str]) -> tuple[str, ...] | None:
    """Return protocol and ports of all that comes in; None where no firewall stands before it."""
    named = set(tags)
    over = [one for one in firewalls if named & set(one["tags"])]
    if not over:
        return None
    rules = (rule for one in over for rule in one["inbound_rules"])
    return tuple(sorted({f"{rule['protocol']} {rule['ports']}" for rule in rules}))
