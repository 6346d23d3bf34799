"""The phases of a run as bars on one scale, so that one sees what overlaps and what takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.render.units import duration

if TYPE_CHECKING:
    from docklet.domain.progress import Progress, Span

WIDTH: Final = 20
"""Characters of the longest bar; a whole line fits a phone."""
MOST_ROWS: Final = 16
"""Phases shown; those before them were retried."""


def timeline(progress: Progress, now: float) -> str:
    """Return one line for each phase; empty before the first."""
    spans = progress.spans[-MOST_ROWS:]
    if not spans:
        return ""
    start = min(span.started for span in spans)
    end = max(_end(span, now) for span in spans)
    return "\n".join(_row(span, now, start, end) for span in spans)


def _row(span: Span, now: float, start: float, end: float) -> str:
    """Return a phase's line."""
    scale = WIDTH / max(end - start, 0.001)
    left = min(int((span.started - start) * scale), WIDTH - 1)
    length = max(1, min(round((_end(span, now) - span.started) * scale), WIDTH - left))
    bar = f"{' ' * left}{'█' * length}"
    more = "…" if span.ended is None else ("" if span.ok else " failed")
    seconds = duration(_end(span, now) - span.started)
    return f"{span.phase:<8}{seconds:>11}  {bar}{more}"


def _end(span: Span, now: float) -> float:
    """Return when a phase ended, or now."""
    return max(span.started, now if span.ended is None else span.ended)
