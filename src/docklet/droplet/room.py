"""How much of the results is sent when whoever collects them has no room for all.

Files for the commit go first. What finds no room is named, and is lost with the machine.
"""

from __future__ import annotations

from typing import Callable

from docklet.droplet.changes import Change, Changes, LeftOut

_HEADERS = 2048
"""Bytes of an archive that a member may take beside its content and its name."""


def fit(changes: Changes, room: int) -> None:
    """Leave out by name what makes the archive larger than `room` bytes; 0 is no limit."""
    if not room:
        return
    fits = _measure(room)
    reason = f"there is room for {room / 1e9:.1f} GB of results where they are collected"
    sent = [change for change in changes.changed if fits(change)]
    if len(sent) < len(changes.changed):
        known = set(sent)
        refused = [change for change in changes.changed if change not in known]
        changes.changed = sent
        changes.left_out += [LeftOut(one.path, reason, lost=True) for one in refused]
    changes.left_out = [
        one if one.change is None or fits(one.change) else LeftOut(one.path, reason, lost=True)
        for one in changes.left_out
    ]


def _measure(room: int) -> Callable[[Change], bool]:
    left = room

    def fits(change: Change) -> bool:
        nonlocal left
        size = change.size + 3 * len(change.path) + _HEADERS
        if size > left:
            return False
        left -= size
        return True

    return fits
