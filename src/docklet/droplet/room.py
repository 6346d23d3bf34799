"""How much of the results is sent when whoever collects them has no room for all.

Files for the commit go first. What finds no room is named, and is lost with the machine.
"""

from __future__ import annotations

from typing import Callable

from docklet.droplet.changes import Change, Changes, LeftOut

_HEADERS = 2048
"""Bytes of an archive that a member may take beside its content and its name."""


def fit(changes: Changes, room: int) -> Changes:
    """Leave out by name what makes the archive larger than `room` bytes; 0 is no limit."""
    if not room:
        return changes
    fits = _measure(room)
    reason = f"there is room for {room / 1e9:.1f} GB of results where they are collected"
    fitting = Changes(deleted=changes.deleted, ignored=changes.ignored)
    for change in changes.changed:
        if fits(change):
            fitting.changed.append(change)
        else:
            fitting.left_out.append(LeftOut(change.path, reason, lost=True))
    for one in changes.left_out:
        sent = one.change is None or fits(one.change)
        fitting.left_out.append(one if sent else LeftOut(one.path, reason, lost=True))
    return fitting


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
