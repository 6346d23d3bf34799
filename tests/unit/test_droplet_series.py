"""The agent keeps few points of how the machine was used, and none of the worst is lost."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from docklet.droplet.series import MOST, Series


def sample(number: int, *, busy: float = 0, memory: int = 1) -> dict[str, float]:
    """Return the sample after `number` intervals of 5 seconds with 100 ticks each."""
    return {
        "time": 1_700_000_000 + 5.0 * number,
        "busy": busy,
        "ticks": 100.0 * number,
        "memory": memory,
        "disk": number,
    }


def told(count: int, *, step: float = 50) -> list[list[float]]:
    """Return what is told of so many intervals, equally busy."""
    series = Series()
    for number in range(count + 1):
        series.add(sample(number, busy=step * number))
    return series.told()


@pytest.mark.parametrize("count", [0, 1, 2, MOST - 1, MOST, MOST + 1, 121, 240, 4000])
def test_points_are_few_and_cover_everything(count: int) -> None:
    """However long it took, there are at most sixty points, and the last one is the end."""
    rows = told(count)
    assert min(count, MOST // 2) <= len(rows) <= MOST
    assert [row[0] for row in rows] == sorted({row[0] for row in rows})
    assert not count or rows[-1][0] == 5.0 * count
    assert {row[1] for row in rows} <= {0.5}
    assert len(json.dumps(rows)) < 3000


def test_stretches_are_equally_long() -> None:
    """All points but the last one stand for equally long, so that a chart may draw them evenly."""
    ends = [0.0, *(row[0] for row in told(1000))]
    lengths = {end - start for start, end in pairwise(ends[:-1])}
    assert len(lengths) == 1


def test_the_worst_stays() -> None:
    """A peak of one interval is in its point, whatever it was joined with."""
    series, busy = Series(), 0.0
    for number in range(1001):
        busy += 100 if number == 500 else 10
        series.add(sample(number, busy=busy, memory=9000 if number == 700 else 7))
    rows = series.told()
    assert max(row[2] for row in rows) == 1.0
    assert max(row[1] for row in rows) < 0.3
    assert max(row[3] for row in rows) == 9000


def test_a_clock_of_the_kernel_that_stands_is_no_crash() -> None:
    """Samples between which no tick passed count as idle."""
    series = Series()
    for _ in range(3):
        series.add(sample(1))
    assert [row[1:3] for row in series.told()] == [[0, 0], [0, 0]]
