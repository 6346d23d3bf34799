"""What happens to a droplet, as the API tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docklet_sandbox.cloud.droplet import timestamp

if TYPE_CHECKING:
    from docklet_sandbox.cloud.droplet import Droplet


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One event in a droplet's life, over once its time has come."""

    id: int
    type: str
    droplet: Droplet
    started: float
    ends: float
    errored: bool = False
    """Whether it comes to nothing when its time has come."""

    def as_json(self, now: float) -> dict[str, Any]:
        """Return the API's picture of the action."""
        over = now >= self.ends
        ending = "errored" if self.errored else "completed"
        region = self.droplet.order.region
        return {
            "id": self.id,
            "status": ending if over else "in-progress",
            "type": self.type,
            "started_at": timestamp(self.started),
            "completed_at": timestamp(self.ends) if over else None,
            "resource_id": self.droplet.id,
            "resource_type": "droplet",
            "region": region,
            "region_slug": region["slug"],
        }
