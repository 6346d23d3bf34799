"""The phases of a run that is over as a diagram that the forge draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.render.fence import diagram
from docklet.render.timeline import MOST_ROWS
from docklet.render.units import duration

if TYPE_CHECKING:
    from docklet.domain.progress import Progress, Span

_THINNEST: Final = 0.004
"""Share of the whole width that every bar has, so that it can be seen."""
_HEAD: Final = """\
gantt
    dateFormat x
    axisFormat %s s"""
"""Milliseconds since the start; on the axis seconds since 1970, the same in every time zone."""


def gantt(progress: Progress) -> str:
    """Return the diagram; empty before the first phase."""
    spans = progress.spans[-MOST_ROWS:]
    if not spans:
        return ""
    start = min(span.started for span in spans)
    end = max(_end(span, progress) for span in spans)
    thinnest = max(1, round((end - start) * 1000 * _THINNEST))
    rows = (_row(span, progress, start, thinnest) for span in spans)
    return diagram("\n".join((_HEAD, *rows)))


def _row(span: Span, progress: Progress, start: float, thinnest: int) -> str:
    """Return a phase's bar: its name, how long it took, and from when until when it went on."""
    begin, end = (round((at - start) * 1000) for at in (span.started, _end(span, progress)))
    state = "" if span.ok else "crit, "
    failed = "" if span.ok else ", failed"
    took = duration(_end(span, progress) - span.started)
    return f"    {span.phase} ({took}{failed}) :{state}{begin}, {max(end, begin + thinnest)}"


def _end(span: Span, progress: Progress) -> float:
    """Return when a phase ended; one that never did ended with the run."""
    return max(span.started, progress.updated if span.ended is None else span.ended)
