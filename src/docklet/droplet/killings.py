"""How many processes of one container the kernel has killed for want of memory.

Docker's own word for it is about the container's first process as often as not, and a script
whose child was killed may go on for hours. The kernel counts for each control group, whose files
are gone with the container: so they are looked at as long as it runs.
"""

from __future__ import annotations

import os

_MEMORY_1 = "memory.oom_control"
_MEMORY_2 = "memory.events"


class Killings:
    """The count for the container that a process is in."""

    def __init__(self, pid: int) -> None:
        groups, mounts = (_read(f"/proc/{name}") for name in (f"{pid}/cgroup", "self/mountinfo"))
        self._file = events_file(groups, mounts) if pid else ""
        self.count = 0
        """As it was when it could be read last."""

    def look(self) -> int:
        """Return the count by now."""
        if self._file:
            self.count = max(self.count, killed(_read(self._file)))
        return self.count


def events_file(groups: str, mounts: str) -> str:
    """Return the file that counts a process's group, from `/proc/PID/cgroup` and `mountinfo`."""
    lines = [line.split(":", 2) for line in groups.splitlines()]
    paths = {name: path for _number, names, path in lines for name in names.split(",")}
    for name, kind, file in (("memory", "cgroup", _MEMORY_1), ("", "cgroup2", _MEMORY_2)):
        for root, point in _mounted(mounts, kind, name):
            path = paths.get(name)
            if path is not None:
                return os.path.join(point, os.path.relpath(path, root), file)
    return ""


def killed(events: str) -> int:
    """Read the count from such a file; 0 where it has none, as kernels before 4.13 do."""
    fields = (line.split() for line in events.splitlines())
    return next((int(field[1]) for field in fields if field[:1] == ["oom_kill"]), 0)


def _mounted(mounts: str, kind: str, controller: str) -> list[tuple[str, str]]:
    """Return root and place of the mounts of a kind, with a controller if one is named."""
    found = []
    for line in mounts.splitlines():
        where, _, what = line.partition(" - ")
        fields, (system, _source, options) = where.split(), what.split(" ", 2)
        if system == kind and (not controller or controller in options.split(",")):
            found.append((fields[3], fields[4]))
    return found


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
