"""How processors, memory and disk were used while the script ran."""

from __future__ import annotations

import json
import os
import time
from typing import Dict, Iterable

from docklet.droplet import machine
from docklet.droplet.home import Home
from docklet.droplet.series import Sample, Series

INTERVAL = 5.0
"""Seconds between samples."""
Told = Dict[str, object]


class Sampler:
    """Takes samples when they are due and keeps them in a file."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._due = 0.0
        self._summary = Summary()

    def tick(self) -> None:
        """Take a sample if it is time."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + INTERVAL
            self.take()

    def take(self) -> None:
        """Take a sample; a full disk keeps it from the file, not from the summary."""
        sample = _sample(self._home.root)
        self._summary.add(sample)
        try:
            with open(self._home.usage, "a", encoding="ascii") as file:
                file.write(json.dumps(sample) + "\n")
        except OSError:
            return

    def summary(self) -> Told:
        """Return the summary so far."""
        return self._summary.told()


class Summary:
    """The peaks and means of samples, and how it went between the first and the last."""

    def __init__(self) -> None:
        self._first: Sample = {}
        self._last: Sample = {}
        self._peak_memory: float = 0
        self._peak_disk: float = 0
        self._series = Series()
        self._count = 0

    def add(self, sample: Sample) -> None:
        """Take a sample into account."""
        self._first = self._first or sample
        self._last = sample
        self._peak_memory = max(self._peak_memory, sample["memory"])
        self._peak_disk = max(self._peak_disk, sample["disk"])
        self._series.add(sample)
        self._count += 1

    def told(self) -> Told:
        """Return the summary: bytes, and busy processors as a fraction of all."""
        there = self._between("ticks")
        return {
            "samples": self._count,
            "mean_cpu": round(self._between("busy") / there, 4) if there else None,
            "cpus": os.cpu_count() or 0,
            "peak_memory": self._peak_memory,
            "memory_total": self._last.get("memory_total", 0),
            "peak_disk": self._peak_disk,
            "disk_total": self._last.get("disk_total", 0),
            "series": self._series.told(),
        }

    def _between(self, name: str) -> float:
        return self._last.get(name, 0) - self._first.get(name, 0)


def read_summary(home: Home) -> Told:
    """Return the summary of the samples on disk."""
    summary = Summary()
    for sample in _parse(_lines(home)):
        summary.add(sample)
    return summary.told()


def _sample(path: str) -> Sample:
    busy, ticks = machine.processor_time()
    memory, memory_total = machine.memory()
    disk = machine.disk(path)
    return {
        "time": round(time.time(), 3),
        "busy": busy,
        "ticks": ticks,
        "memory": memory,
        "memory_total": memory_total,
        "disk": disk.used,
        "disk_total": disk.total,
    }


def _lines(home: Home) -> list[str]:
    try:
        with open(home.usage, encoding="ascii") as file:
            return file.readlines()
    except FileNotFoundError:
        return []


def _parse(lines: Iterable[str]) -> Iterable[Sample]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue  # cut short by a full disk or a crash
