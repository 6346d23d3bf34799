"""The sandbox's report counts calls by run, and its journal has a verdict on each."""

from __future__ import annotations

from typing import Any

import pytest

from docklet_sandbox.calls import OUTSIDE, SHARED, runs
from docklet_sandbox.journal import Entry, Verdict


def call(time: float, method: str, path: str, body: str = "", query: str = "") -> dict[str, Any]:
    """Return a journal entry."""
    return {
        "time": time,
        "service": "cloud" if path.startswith("/v2") else "forge",
        "method": method,
        "path": path,
        "query": query,
        "route": path,
        "request_body": body,
    }


def droplet(number: int, name: str, *tags: str) -> dict[str, Any]:
    """Return a droplet of the history."""
    return {"id": number, "name": name, "tags": list(tags)}


def test_runs_one_after_the_other() -> None:
    """Calls that name no droplet are the run's on whose side of the longest silence they are."""
    entries = [
        call(0.0, "GET", "/v2/sizes"),
        call(1.0, "POST", "/v2/droplets", '{"name": "one", "tags": ["ours", "run:1"]}'),
        call(2.0, "POST", "/comments"),
        call(3.0, "DELETE", "/v2/droplets/11"),
        call(4.0, "POST", "/comments"),
        call(6.0, "GET", "/v2/sizes"),
        call(7.5, "GET", "/v2/sizes"),
        call(9.5, "POST", "/v2/droplets", '{"name": "two", "tags": ["ours", "run:2"]}'),
        call(9.6, "GET", "/v2/droplets", query="tag_name=run:2"),
    ]
    history = [droplet(11, "one", "ours", "run:1"), droplet(12, "two", "ours", "run:2")]
    first, second = runs(entries, history)
    assert (first.name, first.calls) == ("one", 5)
    assert (second.name, second.calls) == ("two", 4)
    assert second.routes["cloud GET /v2/droplets"] == 1


def test_runs_at_once() -> None:
    """What names no droplet while several runs last is said to be shared."""
    entries = [
        call(1.0, "GET", "/v2/droplets/11"),
        call(2.0, "GET", "/v2/droplets/12"),
        call(3.0, "GET", "/v2/account"),
        call(4.0, "GET", "/v2/droplets/11"),
        call(5.0, "GET", "/v2/droplets/12"),
    ]
    found = runs(entries, [droplet(11, "one"), droplet(12, "two")])
    assert {run.name: run.calls for run in found} == {"one": 2, "two": 2, SHARED: 1}


def test_droplets_of_one_run() -> None:
    """Droplets with the same tags are one run, whose calls are counted together."""
    entries = [call(n, "GET", f"/v2/droplets/{n}") for n in (11, 12, 13)]
    history = [
        droplet(11, "one", "ours", "run:1"),
        droplet(12, "again", "ours", "run:1"),
        droplet(13, "other", "ours", "run:2"),
    ]
    assert [(run.name, run.calls) for run in runs(entries, history)] == [("one", 2), ("other", 1)]


def test_names_are_whole_words() -> None:
    """A droplet's name within a longer word is none, and a query is read as it was meant."""
    entries = [
        call(1.0, "GET", "/v2/droplets/11"),
        call(1.5, "POST", "/comments", '"two-fold, thirty-two steps"'),
        call(2.0, "GET", "/v2/droplets/11"),
        call(7.0, "GET", "/v2/droplets/12"),
        call(7.5, "GET", "/v2/droplets", query="tag_name=run%3A1"),
        call(8.0, "GET", "/v2/droplets/12"),
    ]
    history = [droplet(11, "one", "run:1"), droplet(12, "two", "run:2")]
    assert {run.name: run.calls for run in runs(entries, history)} == {"one": 4, "two": 2}


def test_no_droplets() -> None:
    """Without any droplet there is no run, and no call is lost all the same."""
    (only,) = runs([call(1.0, "GET", "/v2/sizes")], [])
    assert (only.name, dict(only.routes)) == (OUTSIDE, {"cloud GET /v2/sizes": 1})
    assert runs([], []) == []


@pytest.mark.parametrize(
    ("status", "fault", "violation", "verdict"),
    [
        (200, "", "", Verdict.SERVED),
        (404, "", "", Verdict.REFUSED),
        (0, "drop", "", Verdict.FAULT),
        (200, "delay", "", Verdict.FAULT),
        (500, "", "No such route.", Verdict.VIOLATION),
    ],
)
def test_every_request_has_a_verdict(
    status: int, fault: str, violation: str, verdict: Verdict
) -> None:
    """A request was served, refused, struck by a fault, or should never have been sent."""
    entry = Entry(
        time=0.0,
        seconds=0.0,
        service="cloud",
        method="GET",
        path="/v2/account",
        route="/v2/account",
        query="",
        status=status,
        request_bytes=0,
        response_bytes=0,
        fault=fault,
        violation=violation,
    )
    assert entry.as_json()["verdict"] == entry.verdict == verdict
