"""How processors, memory and disk were used over time, as a chart that the forge draws.

It holds words of ours and numbers that we write, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.render.fence import diagram
from docklet.render.units import amount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.domain.outcome import Usage

FEWEST: Final = 6
"""Points below which there is nothing to see."""
_UNITS: Final = (("hours", 3 * 3600.0), ("minutes", 180.0), ("seconds", 0.0))
"""What the axis counts, from so many seconds on."""
_SECONDS: Final = {"hours": 3600, "minutes": 60, "seconds": 1}
_HEAD: Final = """\
---
config:
  xyChart:
    height: 300
  themeVariables:
    xyChart:
      plotColorPalette: "#0969da, #e16f24, #1a7f37"
---
xychart-beta"""
_LEGEND: Final = "🔵 CPU · 🟠 memory, of {memory} · 🟢 disk, of {disk}"
"""The chart has no legend of its own."""


def chart(usage: Usage) -> str:
    """Return the chart and what its colours mean; empty for what was over at once."""
    stretches = usage.stretches
    if len(stretches) < FEWEST or not usage.memory or not usage.disk:
        return ""
    unit = next(unit for unit, least in _UNITS if stretches[-1].until >= least)
    first, last = (stretches[at].until / _SECONDS[unit] for at in (0, -1))
    lines = (
        _HEAD,
        f'    x-axis "{unit}" {first:.2f} --> {last:.2f}',
        '    y-axis "% of the machine" 0 --> 100',
        _line(each.cpu for each in stretches),
        _line(each.memory / usage.memory for each in stretches),
        _line(each.disk / usage.disk for each in stretches),
    )
    legend = _LEGEND.format(memory=amount(usage.memory), disk=amount(usage.disk))
    return f"{diagram(chr(10).join(lines))}\n\n{legend}"


def _line(shares: Iterable[float]) -> str:
    """Return a line of the chart, in per cent."""
    return f"    line [{', '.join(f'{min(share, 1):.1%}'.rstrip('%') for share in shares)}]"
