"""How the use of the machine went: few points, however long it took."""

from __future__ import annotations

from typing import Mapping, NamedTuple

MOST = 60
"""Points that are kept; neighbours become one when there are more."""
Sample = Mapping[str, float]


class Point(NamedTuple):
    """A stretch of time: what the processors had done by its end, and the worst of the rest."""

    time: float
    busy: float
    ticks: float
    busiest: float
    """Share of all processors, in the busiest of its intervals."""
    memory: float
    disk: float


class Series:
    """Takes samples, keeps points that stand for equally many of them, but for the last one."""

    def __init__(self) -> None:
        self._first: Sample = {}
        self._latest: Sample = {}
        self._points: list[Point] = []
        self._width = 1
        self._filled = 1

    def add(self, sample: Sample) -> None:
        """Take a sample into account; the first one is where measuring begins."""
        if self._first:
            self._append(_point(self._latest, sample))
        self._first = self._first or sample
        self._latest = sample

    def told(self) -> list[list[float]]:
        """Return a row for each point.

        It holds the seconds since the first sample, the processors' share, the same in the busiest
        interval, memory and disk.
        """
        if not self._points:
            return []
        starts = [_start(self._first), *self._points[:-1]]
        return [self._row(start, end) for start, end in zip(starts, self._points)]

    def _append(self, point: Point) -> None:
        if self._points and self._filled < self._width:
            self._points[-1] = _joined(self._points[-1], point)
            self._filled += 1
            return
        if len(self._points) == MOST:
            pairs = zip(self._points[::2], self._points[1::2])
            self._points = [_joined(first, second) for first, second in pairs]
            self._width *= 2
        self._points.append(point)
        self._filled = 1

    def _row(self, start: Point, end: Point) -> list[float]:
        share = _share(end.busy - start.busy, end.ticks - start.ticks)
        seconds = round(end.time - self._first["time"], 1)
        return [seconds, round(share, 3), round(end.busiest, 3), end.memory, end.disk]


def _start(sample: Sample) -> Point:
    return Point(sample["time"], sample["busy"], sample["ticks"], 0, 0, 0)


def _point(before: Sample, sample: Sample) -> Point:
    share = _share(sample["busy"] - before["busy"], sample["ticks"] - before["ticks"])
    rest = (sample["memory"], sample["disk"])
    return Point(sample["time"], sample["busy"], sample["ticks"], share, *rest)


def _joined(first: Point, second: Point) -> Point:
    return second._replace(
        busiest=max(first.busiest, second.busiest),
        memory=max(first.memory, second.memory),
        disk=max(first.disk, second.disk),
    )


def _share(busy: float, ticks: float) -> float:
    return busy / ticks if ticks else 0.0
