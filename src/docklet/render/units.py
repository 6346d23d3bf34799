"""How durations, times and amounts of bytes are written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from docklet.domain.diffstat import Lines

_MINUTE: Final = 59.95
"""Seconds that would be rounded to 60.0."""
_UNITS: Final = ("bytes", "KiB", "MiB", "GiB")
_KIBI: Final = 1024


def duration(seconds: float) -> str:
    """Write a duration as `12.3 s`, `12m 03s` or `1h 02m 03s`."""
    if seconds < _MINUTE:
        return f"{max(seconds, 0.0):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m {rest:02}s" if hours else f"{minutes}m {rest:02}s"


def amount(size: int) -> str:
    """Write an amount of bytes as `1.9 GiB`."""
    number = float(size)
    for unit in _UNITS[:-1]:
        if number < _KIBI:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= _KIBI
    return f"{number:.1f} {_UNITS[-1]}"


def changed_lines(lines: Lines) -> str:
    """Write added and removed lines as `+120 \u22123`."""
    return f"+{lines.added} \u2212{lines.removed}"


def moment(epoch: float) -> str:
    """Write a point in time as ISO 8601, in UTC, to the second."""
    return f"{datetime.fromtimestamp(int(epoch), tz=UTC):%Y-%m-%dT%H:%M:%SZ}"
