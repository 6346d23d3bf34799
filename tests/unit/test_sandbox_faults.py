"""Faults of the sandbox are taken in order, by pattern, so often as they were queued for."""

from __future__ import annotations

import pytest

from docklet_sandbox.faults import Fault, FaultKind, Faults, parse_fault

_ONE = "/v2/droplets/{droplet_id}"


def test_a_fault_is_used_up() -> None:
    """A fault strikes `count` matching requests after sparing `skip` of them, then never again."""
    faults = Faults()
    faults.add(Fault(kind=FaultKind.DROP, method="GET", route=_ONE, skip=1, count=2))
    struck = [faults.take("cloud", "GET", _ONE, "/v2/droplets/7") for _ in range(4)]
    assert [fault is not None for fault in struck] == [False, True, True, False]


def test_faults_wait_for_their_request() -> None:
    """Other services, methods and routes pass unharmed; the order of the queue decides."""
    faults = Faults()
    faults.add(Fault(kind=FaultKind.DROP, service="forge", route="*/comments"))
    faults.add(Fault(kind=FaultKind.ANSWER, service="cloud", method="post", status=503))
    faults.add(Fault(kind=FaultKind.GARBAGE))
    assert faults.take("cloud", "GET", "/v2/account") == Fault(kind=FaultKind.GARBAGE)
    assert faults.take("cloud", "GET", "/v2/account") is None
    assert faults.take("forge", "POST", "/repos/{owner}/{repo}/comments") is not None
    answer = faults.take("cloud", "POST", "/v2/droplets")
    assert answer is not None
    assert answer.status == 503
    assert faults.pending() == []


def test_a_fault_can_name_the_path_that_is_sent() -> None:
    """One droplet among several can be singled out."""
    faults = Faults()
    faults.add(Fault(kind=FaultKind.DROP, route="/v2/droplets/7"))
    assert faults.take("cloud", "GET", _ONE, "/v2/droplets/8") is None
    assert faults.take("cloud", "GET", _ONE, "/v2/droplets/7") is not None


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("drop", Fault(kind=FaultKind.DROP)),
        ("commit_then_drop", Fault(kind=FaultKind.DROP, commit=True)),
        ("503", Fault(kind=FaultKind.ANSWER, status=503)),
        ("commit_then_500", Fault(kind=FaultKind.ANSWER, status=500, commit=True)),
    ],
)
def test_short_words(kind: str, fault: Fault) -> None:
    """A status is short for an answer, and `commit_then_` puts the effect first."""
    assert parse_fault({"kind": kind}) == fault


def test_wrong_faults_are_refused() -> None:
    """A misspelt fault never looks like one that did not strike."""
    with pytest.raises(ValueError, match="explode"):
        parse_fault({"kind": "explode"})
    with pytest.raises(TypeError, match="rout"):
        parse_fault({"kind": "drop", "rout": "/v2/droplets"})
