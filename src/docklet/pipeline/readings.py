"""Read what the agent measured: numbers of a machine that may lie, so they are bounded."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from docklet.domain.outcome import Stretch, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final = 60
"""Stretches that are believed."""
_LARGEST: Final = 1 << 60
"""Bytes; no machine has more."""
_LONGEST: Final = 1e7
"""Seconds; no run takes longer."""


def read_usage(raw: Mapping[str, Any]) -> Usage:
    """Read what was used; raises `TypeError` or `ValueError` for what is no number."""
    return Usage(
        peak_memory=_bytes(raw.get("peak_memory") or 0),
        memory=_bytes(raw.get("memory_total") or 0),
        mean_cpu=_bounded(raw.get("mean_cpu") or 0, 1.0),
        peak_disk=_bytes(raw.get("peak_disk") or 0),
        disk=_bytes(raw.get("disk_total") or 0),
        stretches=_stretches(raw.get("series")),
    )


def _stretches(raw: object) -> tuple[Stretch, ...]:
    """Read how it went; nothing if any of it is odd."""
    if not isinstance(raw, list) or len(raw) > MOST:
        return ()
    try:
        found = tuple(_stretch(*row) for row in raw)
    except (TypeError, ValueError):
        return ()
    return found if all(a.until < b.until for a, b in pairwise(found)) else ()


def _stretch(until: object, cpu: object, busiest: object, memory: object, disk: object) -> Stretch:
    """Read one stretch."""
    return Stretch(
        until=_bounded(until, _LONGEST),
        cpu=_bounded(cpu, 1.0),
        busiest=_bounded(busiest, 1.0),
        memory=_bytes(memory),
        disk=_bytes(disk),
    )


def _bytes(value: object) -> int:
    """Read an amount of bytes."""
    return int(_bounded(value, _LARGEST))


def _bounded(value: object, most: float) -> float:
    """Read a number from 0 to `most`; raise for what is none."""
    if not isinstance(value, int | float):
        message = "That is no number."
        raise TypeError(message)
    if isinstance(value, float) and math.isnan(value):
        message = "That is no amount."
        raise ValueError(message)
    return max(0.0, min(value, most))
