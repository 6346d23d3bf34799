"""A whole report within the room that a page gives; what gives way is the log's beginning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docklet.domain.outcome import Status
from docklet.domain.progress import TAIL_BYTES
from docklet.render import sections
from docklet.render.fence import fenced, last, readable
from docklet.render.folding import folded
from docklet.render.mask import Mask
from docklet.render.units import amount

if TYPE_CHECKING:
    from docklet.domain.progress import Progress
    from docklet.render.links import Links


LIVE_LINES: Final = 15
"""Lines of the log while the run goes on: what it is at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much a page holds."""

    characters: int
    """UTF-16 code units, which is the most that anybody counts."""
    size: int
    """Bytes of UTF-8."""
    log_lines: int
    """Lines of the log that are of use there."""


def report(progress: Progress, *, now: float, links: Links, mask: Mask, room: Room) -> str:
    """Return the report on a run, the way it ended first."""
    ended = (
        sections.status_line(progress, now),
        sections.explanation(progress, mask),
        sections.kept(progress),
    )
    told = (
        sections.results(progress, links, mask),
        sections.facts(progress, now, links),  # a list without a title: none may stand before it
        sections.left_out(progress, mask),
        sections.notes(progress, mask),
        sections.phases(progress, now),
        sections.machine_use(progress),
    )
    again = sections.again(progress, mask)
    log = _log(progress, mask, _less(room, _joined(*ended, *told, again)))
    rest = (log, *told) if _log_matters(progress) else (*told, log)
    return _joined(*ended, *rest, again) + "\n"


def _joined(*parts: str) -> str:
    """Return the parts that there are, apart from each other."""
    return "\n\n".join(filter(None, parts))


def fits(text: str, room: Room) -> bool:
    """Tell whether `text` is short enough."""
    units = len(text.encode("utf-16-le")) // 2
    return units <= room.characters and len(text.encode()) <= room.size


def log_end(progress: Progress, mask: Mask) -> str:
    """Return the remembered end of the log as readable text without secrets.

    Where the log was cut, a secret may have been: the rest of that line goes too.
    """
    tail = progress.tail
    if progress.log_bytes > len(tail):
        line = tail.find(b"\n", 0, TAIL_BYTES // 2)
        tail = tail[line + 1 :] if line >= 0 else tail[mask.longest :]
    return mask.text(readable(mask.data(tail)))


def _log(progress: Progress, mask: Mask, room: Room) -> str:
    """Return as much of the log's end as there is room for."""
    lines = _lines(progress, room)
    text = last(log_end(progress, mask), lines=lines, characters=room.characters)
    while text.strip():
        title = f"The end of the log ({amount(progress.log_bytes)} in all)"
        section = folded(title, fenced(text), unfolded=_log_matters(progress))
        if fits(section, room):
            return section
        text = last(text, lines=lines, characters=len(text) * 4 // 5)
    return ""


def _log_matters(progress: Progress) -> bool:
    """Tell whether the log is what the reader will want first."""
    outcome = progress.outcome
    return outcome is None or outcome.status in {Status.FAILURE, Status.ERROR}


def _lines(progress: Progress, room: Room) -> int:
    """Return how many lines of the log are shown."""
    return room.log_lines if progress.outcome else min(room.log_lines, LIVE_LINES)


def _less(room: Room, rest: str) -> Room:
    """Return the room that is left beside `rest` and a few blank lines."""
    units = len(rest.encode("utf-16-le")) // 2 + 8
    size = len(rest.encode()) + 8
    return Room(
        characters=max(0, room.characters - units),
        size=max(0, room.size - size),
        log_lines=room.log_lines,
    )
