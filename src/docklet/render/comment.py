"""The status comment: docklet's face. It is found again by the marker on its first line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from docklet.render.mask import Mask
from docklet.render.report import Room, report

if TYPE_CHECKING:
    from docklet.domain.identity import RunKey
    from docklet.domain.progress import Progress
    from docklet.render.links import Links

ROOM: Final = Room(characters=65_536, size=200_000, log_lines=100)
"""GitHub's limit is given as 65,536 characters by some and 262,144 bytes by others."""


def marker(run: RunKey) -> str:
    """Return the hidden first line of a run's comment."""
    return f"<!-- docklet:run:{run} -->"


def comment(progress: Progress, *, now: float, links: Links, mask: Mask | None = None) -> str:
    """Return the comment on a run that has a plan."""
    head = f"{marker(progress.plan.identity.key)}\n" if progress.plan else ""
    room = replace(ROOM, characters=ROOM.characters - len(head), size=ROOM.size - len(head))
    return head + report(progress, now=now, links=links, mask=mask or Mask(), room=room)
