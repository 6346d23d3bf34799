"""What the machine says of itself is bounded, or not believed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docklet.domain.errors import AgentError
from docklet.domain.outcome import Stretch, Usage
from docklet.pipeline.answers import read_ending
from docklet.pipeline.readings import MOST, read_usage
from docklet_sandbox.light.container import Container
from docklet_sandbox.light.script import Script

ROW = [5.0, 0.25, 0.5, 1000, 2000]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=6),
    max_leaves=20,
)


def test_series_is_read() -> None:
    """Each row becomes a stretch."""
    usage = read_usage({"memory_total": 4000, "disk_total": 9000, "series": [ROW]})
    stretch = Stretch(until=5.0, cpu=0.25, busiest=0.5, memory=1000, disk=2000)
    assert usage == Usage(memory=4000, disk=9000, stretches=(stretch,))


@pytest.mark.parametrize(
    "series",
    [
        None,
        "much",
        {"0": ROW},
        [ROW[:4]],
        [[*ROW, 1]],
        ["abcde"],
        [[5.0, 0.5, 0.5, "1000", 2000]],
        [[float("nan"), 0.5, 0.5, 1000, 2000]],
        [ROW, ROW],
        [ROW, [4.0, *ROW[1:]]],
        [[float(at), *ROW[1:]] for at in range(MOST + 1)],
    ],
    ids=str,
)
def test_odd_series_is_none(series: object) -> None:
    """A series that makes no sense, or is too long, is no series, and the rest counts."""
    assert read_usage({"peak_memory": 7, "series": series}) == Usage(peak_memory=7)


def test_numbers_are_bounded() -> None:
    """Nothing is below nothing, busier than all processors or larger than a machine."""
    row = [1e300, 7, -1, 10**400, float("-inf")]
    stretch = read_usage({"series": [row]}).stretches[0]
    assert stretch == Stretch(until=1e7, cpu=1.0, busiest=0.0, memory=1 << 60, disk=0)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*"ab", "series", "peak_memory", "mean_cpu"]), ANYTHING))
def test_no_answer_is_a_crash(usage: dict[str, object]) -> None:
    """Whatever a machine tells is read, or is an error that docklet explains."""
    answer = json.loads(json.dumps({"kind": "exited", "exit_code": 0, "usage": usage}))
    try:
        assert 0 <= read_ending(answer).usage.mean_cpu <= 1
    except AgentError:
        assert usage


@pytest.mark.parametrize("name", ["exit_code", "log_bytes"])
def test_endless_numbers_are_no_crash(name: str) -> None:
    """JSON as Python reads it knows infinity; an ending does not."""
    with pytest.raises(AgentError):
        read_ending({"kind": "exited", "exit_code": 0, name: float("inf")})


def test_played_machines_tell_it_too() -> None:
    """What the light sandbox says of a script of some minutes is a whole series."""
    script = Script(output=[], lasts=723)
    played = Container(script=script, job={}, started=0, timeout=9000, grace=1)
    found = read_usage(played.going(1000)["usage"])  # type: ignore[arg-type]
    assert len(found.stretches) == MOST
    assert found.stretches[-1].until == 723
    assert found.memory > found.peak_memory > 0
    assert not read_usage(played.going(2)["usage"]).stretches  # type: ignore[arg-type]
