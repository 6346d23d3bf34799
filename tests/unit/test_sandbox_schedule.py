"""What a schedule lets happen follows from its seed, whatever overtakes what."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docklet_sandbox.faults import Fault, FaultKind, Faults
from docklet_sandbox.schedule import Schedule, parse_schedule

ROUTES = ("/v2/account", "/v2/droplets", "/v2/droplets/{droplet_id}", "/v2/tags")
requests = st.lists(st.sampled_from(ROUTES), max_size=60)
seeds = st.integers(min_value=0)


def told(seed: int, routes: list[str], **more: object) -> list[str]:
    """Return the story of these requests."""
    schedule = parse_schedule({"seed": seed, "rate": 0.4, **more})
    for route in routes:
        schedule.fault("cloud", "GET", route)
    return schedule.story()


@given(seed=seeds, routes=requests, data=st.data())
def test_order_changes_nothing(seed: int, routes: list[str], data: st.DataObject) -> None:
    """The n-th request of a route meets the same fate however routes are interleaved."""
    assert told(seed, routes) == told(seed, data.draw(st.permutations(routes)))


@given(seed=seeds, routes=requests, more=requests)
def test_a_story_only_goes_on(seed: int, routes: list[str], more: list[str]) -> None:
    """What happened stays so, whatever comes after it."""
    assert set(told(seed, routes)) <= set(told(seed, routes + more))


@given(seed=seeds, in_a_row=st.integers(min_value=1, max_value=4))
def test_rows_end(seed: int, in_a_row: int) -> None:
    """Whoever repeats a request often enough gets through, even if all could go wrong."""
    schedule = parse_schedule({"seed": seed, "rate": 1, "in_a_row": in_a_row})
    struck = [schedule.fault("cloud", "GET", ROUTES[0]) is not None for _ in range(20)]
    spared = [-1, *(number for number, each in enumerate(struck) if not each)]
    assert [b - a - 1 for a, b in pairwise(spared)] == [in_a_row] * (20 // (in_a_row + 1))


def test_another_seed_is_another_story() -> None:
    """Stories differ by seed, and strike about as often as the rate says."""
    stories = [told(seed, [*ROUTES] * 50) for seed in range(20)]
    assert len({tuple(story) for story in stories}) == 20
    assert all(0.25 < len(story) / 200 < 0.45 for story in stories)


def test_a_story_stays_as_it_is() -> None:
    """A seed that somebody wrote down years ago still tells the same."""
    story = told(7, [ROUTES[1]] * 12, faults=[{"kind": "503", "weight": 3}, {"kind": "drop"}])
    assert [line.removeprefix("cloud GET /v2/droplets ") for line in story] == [
        "#1: drop",
        "#2: 503",
        "#4: drop",
        "#6: 503",
        "#7: 503",
        "#10: drop",
        "#11: 503",
    ]


def test_weights_and_patterns() -> None:
    """Faults strike by weight, and only what they are meant for."""
    schedule = parse_schedule(
        {
            "seed": 1,
            "rate": 1,
            "faults": [
                {"kind": "drop", "service": "cloud", "weight": 9},
                {"kind": "503", "service": "cloud"},
            ],
        }
    )
    kinds = [fault.kind for _ in range(300) if (fault := schedule.fault("cloud", "GET", "/"))]
    assert 5 * kinds.count(FaultKind.ANSWER) < kinds.count(FaultKind.DROP) < len(kinds) == 200
    assert schedule.fault("forge", "GET", "/") is None


def test_droplets_and_connections_have_fates_too() -> None:
    """One seed decides about requests, droplets and connections alike."""
    schedule = parse_schedule(
        {"seed": 1, "rate": 1, "fates": [{"kind": "vanish"}], "wires": [{"cut": 100}]}
    )
    assert [str(f.kind) if (f := schedule.fate()) else "" for _ in range(3)] == [
        "vanish",
        "vanish",
        "",
    ]
    wire = schedule.wire("droplet 1")
    assert wire is not None
    assert wire.cut == 100
    assert schedule.fault("cloud", "GET", "/") is None
    assert schedule.story()[0] == "connection droplet 1 #1: cut=100"


def test_the_queue_comes_first() -> None:
    """A fault that was asked for strikes even where the schedule would let another strike."""
    faults = Faults()
    faults.schedule = Schedule(seed=1, rate=0)
    asked = Fault(kind=FaultKind.DROP)
    faults.add(asked)
    assert faults.take("cloud", "GET", "/") is asked
    faults.schedule = parse_schedule({"seed": 1, "rate": 1, "faults": [{"kind": "503"}]})
    assert faults.take("cloud", "GET", "/") == Fault(kind=FaultKind.ANSWER, status=503)
    faults.clear()
    assert faults.take("cloud", "GET", "/") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"seed": 1, "rate": 1.5},
        {"seed": 1, "in_a_row": 0},
        {"seed": 1, "sead": 2},
        {"seed": 1, "faults": [{"kind": "drop", "count": 2}]},
        {"seed": 1, "faults": [{"kind": "drop", "weight": 0}]},
        {"seed": 1, "fates": [{"kind": "drop"}]},
        {"seed": 1, "fates": [{"kind": "vanish", "when": 1}]},
        {"seed": 1, "wires": [{"cute": 1}]},
        {"seed": 1, "wires": [{"cut": -1}]},
    ],
)
def test_nonsense(wrong: dict[str, Any]) -> None:
    """A schedule that can't be followed to the letter is refused."""
    with pytest.raises((TypeError, ValueError)):
        parse_schedule(wrong)
