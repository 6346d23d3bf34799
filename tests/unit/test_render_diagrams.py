"""Diagrams hold words of ours and numbers, and are left out where there is nothing to see."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docklet.domain.events import Phase
from docklet.domain.outcome import Stretch, Usage
from docklet.domain.progress import Progress, Span
from docklet.render.chart import FEWEST, chart
from docklet.render.comment import comment
from docklet.render.gantt import gantt
from docklet.render.links import Links
from docklet.render.timeline import MOST_ROWS
from tests.builders import START, make_outcome, make_progress
from tests.markdown import fences

GIB = 1 << 30
LINKS = Links(server_url="https://github.com", repository="octo/template")
ROW = re.compile(r" {4}[a-z]+ \([0-9hms. ]+(, failed)?\) :(crit, )?\d+, \d+")
LINE = re.compile(r" {4}line \[\d+\.\d(, \d+\.\d)*\]")


def usage(count: int = 12, *, step: float = 60.0, **fields: object) -> Usage:
    """Return how a machine was used in so many stretches."""
    stretches = tuple(
        Stretch(
            until=step * at, cpu=at / count, busiest=1.0, memory=at * GIB // count, disk=5 * GIB
        )
        for at in range(1, count + 1)
    )
    whole = Usage(memory=4 * GIB, disk=80 * GIB, peak_memory=GIB, stretches=stretches)
    return replace(whole, **fields)  # type: ignore[arg-type]


def test_chart_has_three_lines() -> None:
    """Processors, memory and disk are shares of the machine, over its own scale of time."""
    block, legend = chart(usage()).split("\n\n")
    lines = block.split("\n")
    assert lines[-6] == '    x-axis "minutes" 1.00 --> 12.00'
    assert [line.count(",") for line in lines[-4:-1]] == [11, 11, 11]
    assert lines[-3].endswith(", 25.0]")
    assert lines[-2].startswith("    line [6.2, 6.2,")
    assert legend == "🔵 CPU · 🟠 memory, of 4.0 GiB · 🟢 disk, of 80.0 GiB"


@pytest.mark.parametrize(
    ("step", "axis"),
    [(5.0, '"seconds" 5.00 --> 60.00'), (900.0, '"hours" 0.25 --> 3.00')],
)
def test_axis_fits_the_time(step: float, axis: str) -> None:
    """Seconds, minutes or hours: whatever makes small numbers."""
    assert f"    x-axis {axis}\n" in chart(usage(step=step))


def test_no_chart_of_nothing() -> None:
    """A short script, or a machine that does not tell its size, has no chart."""
    assert chart(usage(FEWEST))
    assert not chart(usage(FEWEST - 1))
    assert not chart(usage(memory=0))
    assert not chart(usage(disk=0))


def test_more_than_all_is_all() -> None:
    """A machine that claims to use more memory than it has is drawn as full."""
    line = chart(usage(memory=GIB // 2)).split("\n")[-5]
    assert max(map(float, re.findall(r"\d+\.\d", line))) == 100.0


NUMBERS = st.floats(0, 1e7)
STRETCHES = st.lists(
    st.builds(
        Stretch,
        until=NUMBERS,
        cpu=st.floats(0, 1),
        busiest=st.floats(0, 1),
        memory=st.integers(0, 1 << 60),
        disk=st.integers(0, 1 << 60),
    ),
    min_size=FEWEST,
    max_size=60,
)


@settings(deadline=None)
@given(STRETCHES, st.integers(1, 1 << 60), st.integers(1, 1 << 60))
def test_every_chart_is_well_formed(stretches: list[Stretch], memory: int, disk: int) -> None:
    """Whatever was measured, the lines are numbers from 0 to 100, without exponents."""
    block = chart(Usage(stretches=tuple(stretches), memory=memory, disk=disk)).split("\n\n")[0]
    lines = [line for line in block.split("\n") if line.startswith("    line")]
    assert len(lines) == 3
    assert all(LINE.fullmatch(line) for line in lines)
    assert all(0 <= float(number) <= 100 for number in re.findall(r"\d+\.\d", "".join(lines)))
    assert len(block) < 2000


def rows(progress: Progress) -> list[str]:
    """Return the bars of the diagram of the phases."""
    return gantt(progress).split("\n")[4:-1]


def test_phases_are_bars() -> None:
    """Every phase has a bar, with its duration, from the start of the run on."""
    found = rows(make_progress())
    assert found[0] == "    create (1.0 s) :0, 1000"
    assert found[3] == "    pull (20.0 s) :30000, 50000"
    assert len(found) == 8
    assert all(ROW.fullmatch(row) for row in found)


def test_failed_phase_stands_out() -> None:
    """A phase that failed says so, and has another colour."""
    span = Span(phase=Phase.PUSH, started=START, ended=START + 3, ok=False)
    assert rows(Progress(spans=(span,))) == ["    push (3.0 s, failed) :crit, 0, 3000"]


def test_every_bar_can_be_seen() -> None:
    """A phase of no time at all, or one that never ended, has a bar too."""
    spans = (
        Span(phase=Phase.RUN, started=START, ended=START + 1000),
        Span(phase=Phase.COLLECT, started=START + 1000, ended=START + 1000),
        Span(phase=Phase.PUSH, started=START + 1000),
    )
    found = rows(Progress(spans=spans, updated=START + 990))
    assert found[1:] == [
        "    collect (0.0 s) :1000000, 1004000",
        "    push (0.0 s) :1000000, 1004000",
    ]
    assert not gantt(Progress())
    assert len(rows(Progress(spans=spans * 20))) == MOST_ROWS


def test_diagrams_are_in_the_final_comment_only() -> None:
    """While a run goes on, its phases are bars of text, which stand still when it is edited."""
    going = comment(make_progress(), now=START + 80, links=LINKS)
    assert "```mermaid" not in going
    assert "█" in going
    over = comment(make_progress(outcome=make_outcome(usage=usage())), now=START + 80, links=LINKS)
    assert [block.split("\n")[0] for block in fences(over)[:2]] == ["gantt", "---"]
    assert "█" not in over
