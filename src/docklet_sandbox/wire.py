"""What is wrong with one connection through a byte proxy."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How bad a connection is; the default is a good one, and all can be combined."""

    delay: float = 0.0
    """Seconds that every piece of data is held back, both ways."""
    bandwidth: int = 0
    """Bytes a second, each way; 0 is as many as there are."""
    split: int = 0
    """Bytes that arrive at once at most, both ways; 0 leaves pieces as they come."""
    after_banner: bool = False
    """Reset it once the target's first line got through."""
    cut: int | None = None
    """Reset it once the target has sent so many bytes, all of which get through."""
    hole: int | None = None
    """Fall silent both ways, and stay open, once the target has sent so many bytes."""
    skip: int = 0
    """How many connections go well first."""
    count: int | None = 1
    """How many connections are like this; None is all."""

    def __post_init__(self) -> None:
        """Refuse figures that make no sense."""
        low = [n for n in _FIGURES if (getattr(self, n) or 0) < 0]
        if low:
            message = f"A wire's figures are 0 or more: {', '.join(low)}."
            raise ValueError(message)

    def __str__(self) -> str:
        """Return what differs from a good connection."""
        good = type(self)()
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        bad = [f"{n}={v}" for n, v in found.items() if v != getattr(good, n)]
        return ", ".join(bad) or "good"


_FIGURES = ("delay", "bandwidth", "split", "cut", "hole", "skip")
GOOD = Wire()
"""A connection that nothing is wrong with."""


def parse_wire(raw: Mapping[str, Any]) -> Wire:
    """Read a wire from JSON; raise ValueError or TypeError for what does not exist."""
    return Wire(**raw)
