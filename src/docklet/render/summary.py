"""The job summary: the comment's report with more of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.render.mask import Mask
from docklet.render.report import Room, report

if TYPE_CHECKING:
    from docklet.domain.progress import Progress
    from docklet.render.links import Links

ROOM: Final = Room(characters=900 * 1024, size=900 * 1024, log_lines=10_000)
"""The runner drops summaries of more than 1 MiB a step whole."""


def summary(progress: Progress, *, now: float, links: Links, mask: Mask | None = None) -> str:
    """Return the job summary of a run, also of one that never had a plan."""
    return report(progress, now=now, links=links, mask=mask or Mask(), room=ROOM)
