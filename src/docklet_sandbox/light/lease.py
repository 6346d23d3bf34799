"""Who carries a run out, on a machine that is played: the agent's `hold` and `look`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from docklet_sandbox.light import wire

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Lease:
    """The latest sign of life, and the record that lies beside it."""

    holder: str = ""
    """Empty while there was none."""
    at: float = 0.0
    record: Mapping[str, Any] = field(default_factory=dict)

    def hold(self, request: Mapping[str, Any], now: float) -> dict[str, object]:
        """Renew it, unless another process has it."""
        holder, over = wire.field(request, "holder", str), request.get("over")
        age = now - self.at
        if self.holder not in {"", holder} and (over is None or age < over):
            return {"held": False, "holder": self.holder, "age": age}
        self.holder, self.at = holder, now
        self.record = self.record or request.get("record") or {}
        return {"held": True, "holder": holder, "age": 0.0}

    def look(self, now: float, *, started: bool, ended: bool) -> dict[str, object]:
        """Return what a stranger sees."""
        return {
            "lease": now - self.at if self.holder else None,
            "started": started,
            "ended": ended,
            "record": self.record or None,
        }
