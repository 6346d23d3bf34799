"""The status comment: docklet's face. It is found again by the marker on its first line."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from docklet.domain.identity import RunKey
from docklet.render.mask import Mask
from docklet.render.report import Room, report
from docklet.render.words import GOING

if TYPE_CHECKING:
    from docklet.domain.progress import Progress
    from docklet.render.links import Links

ROOM: Final = Room(characters=65_536, size=200_000, log_lines=100)
"""GitHub's limit is given as 65,536 characters by some and 262,144 bytes by others."""


_MARKED: Final = re.compile(
    r"<!-- docklet:run:(?P<run>[0-9a-f]{20}) -->"
    r"(?:<!-- docklet:commit:(?P<sha>[0-9a-f]+) -->)?\n"
)


def marker(run: RunKey) -> str:
    """Return how the hidden first line of a run's comment begins."""
    return f"<!-- docklet:run:{run} -->"


def run_of(body: str) -> RunKey | None:
    """Return the run that a comment is about; None when it is not one of docklet's."""
    found = _MARKED.match(body)
    return RunKey(found["run"]) if found else None


def commit_of(body: str) -> str:
    """Return the commit that a comment in a conversation is about; empty where it does not say."""
    found = _MARKED.match(body)
    return (found["sha"] or "") if found else ""


def is_open(body: str) -> bool:
    """Tell whether a comment says that its run goes on."""
    return body.partition("\n")[2].startswith(GOING)


def comment(
    progress: Progress,
    *,
    now: float,
    links: Links,
    mask: Mask | None = None,
    run: RunKey | None = None,
) -> str:
    """Return the comment on a run; one without a plan is named by `run`."""
    key = progress.plan.identity.key if progress.plan else run
    head = f"{marker(key)}{_commit(progress)}\n" if key else ""
    room = replace(ROOM, characters=ROOM.characters - len(head), size=ROOM.size - len(head))
    return head + report(progress, now=now, links=links, mask=mask or Mask(), room=room)


def _commit(progress: Progress) -> str:
    """Return a marker of the commit for a comment that is elsewhere; empty for all others."""
    plan = progress.plan
    if plan is None or plan.place.issue is None:
        return ""
    return f"<!-- docklet:commit:{plan.place.sha} -->"
