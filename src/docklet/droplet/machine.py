"""Facts about the machine, each absent (0 or empty) where the system does not tell."""

from __future__ import annotations

import os
from typing import NamedTuple


class Disk(NamedTuple):
    """A file system's state, in bytes."""

    used: int
    total: int
    is_full: bool
    """Not even a small file fits."""


def boot() -> str:
    """Return what changes when, and only when, the machine (or container) has booted again."""
    fields = _read("/proc/1/stat").rpartition(")")[2].split()
    began = fields[19] if len(fields) > 19 else ""  # noqa: PLR2004 (see proc(5))
    return f"{_read('/proc/sys/kernel/random/boot_id').strip()}/{began}"


def memory() -> tuple[int, int]:
    """Return the memory in use and the total, in bytes."""
    fields = dict(line.partition(":")[::2] for line in _read("/proc/meminfo").splitlines())
    total, available = (_kilobytes(fields, name) for name in ("MemTotal", "MemAvailable"))
    return total - available, total


def processor_time() -> tuple[int, int]:
    """Return how long the processors were busy and were there, in ticks since boot."""
    first = _read("/proc/stat").partition("\n")[0].split()[1:9]
    ticks = [int(number) for number in first]
    if not ticks:
        return 0, 0
    idle = sum(ticks[3:5])  # idle and iowait
    return sum(ticks) - idle, sum(ticks)


def disk(path: str) -> Disk:
    """Return the state of the file system that holds `path`."""
    state = os.statvfs(path)
    total = state.f_blocks * state.f_frsize
    free = state.f_bavail * state.f_frsize
    out_of_names = bool(state.f_files) and not state.f_favail
    is_full = free < total // 1000 and free < 1 << 24
    return Disk(total - state.f_bfree * state.f_frsize, total, is_full or out_of_names)


def out_of_memory_kills() -> int:
    """Return how many processes the kernel has killed for memory since boot."""
    lines = (line.split() for line in _read("/proc/vmstat").splitlines())
    return next((int(count) for name, count in lines if name == "oom_kill"), 0)


def protect_from_memory_pressure() -> None:
    """Ask the kernel to kill anything but this process; not everybody may ask."""
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("-1000")
    except OSError:
        return


def _kilobytes(fields: dict[str, str], name: str) -> int:
    number = fields.get(name, "0").split()[0]
    return int(number) * 1024


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
