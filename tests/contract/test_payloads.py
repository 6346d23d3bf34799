"""Real events of the forge, every kind of them, are read without a crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docklet.domain.command import command_of
from docklet.domain.errors import InvalidInputs
from docklet.domain.payload import comment_event
from docklet.domain.trigger import Trigger, trigger_of

HERE: Final = Path(__file__).parents[1] / "payloads"
EXAMPLES: Final = HERE / "node_modules/@octokit/webhooks-examples/api.github.com/index.json"
NAMES: Final = ("push", "pull_request", "issue_comment", "workflow_dispatch", "schedule")
ENVIRON: Final = {"GITHUB_REPOSITORY": "o/n", "GITHUB_SHA": "a" * 40, "GITHUB_REF": "refs/heads/m"}


@pytest.fixture(scope="module", name="events")
def _events() -> dict[str, list[dict[str, Any]]]:
    """Return the published examples by event; npm that can't get them fails every test here."""
    lock = HERE / "package-lock.json"
    done = HERE / "node_modules/.package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        tools = str(Path(sys.executable).parent)
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            check=True,
            cwd=HERE,
            env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        )
        done.touch()
    found = json.loads(EXAMPLES.read_bytes())
    return {event["name"]: event["examples"] for event in found}


def triggered(name: str, event: Any) -> Trigger | None:  # noqa: ANN401 - it may be anything
    """Return what an event triggers; None when it is refused."""
    try:
        return trigger_of({**ENVIRON, "GITHUB_EVENT_NAME": name}, event)
    except InvalidInputs:
        return None


def test_every_event_is_there(events: dict[str, list[dict[str, Any]]]) -> None:
    """The examples cover more than the events that we know."""
    assert len(events) >= 58
    assert {"push", "pull_request", "issue_comment", "workflow_dispatch"} <= set(events)
    assert all(events.values())


def test_no_event_crashes(events: dict[str, list[dict[str, Any]]]) -> None:
    """Every example is read, under its own name and under those that we look into."""
    read = 0
    for name, examples in events.items():
        for event in examples:
            for given_name in (name, *NAMES):
                triggered(given_name, event)
            found = comment_event(event)
            assert found is None or name == "issue_comment"
            read += 1
    assert read == sum(map(len, events.values()))


def test_triggers_of_real_events(events: dict[str, list[dict[str, Any]]]) -> None:
    """Pushes and pull requests name their own commit, whatever the variables say."""
    for event in events["push"]:
        found = triggered("push", event)
        assert (found is None) == event["deleted"]
        assert found is None or found.sha == event["after"]
    for event in events["pull_request"]:
        found = triggered("pull_request", event)
        assert found is not None
        assert found.sha == event["pull_request"]["head"]["sha"]
        assert found.branch == event["pull_request"]["head"]["ref"]


def test_comments_of_real_events(events: dict[str, list[dict[str, Any]]]) -> None:
    """Of the comments those that were just created are read, in full, and none is a command."""
    for event in events["issue_comment"]:
        found = comment_event(event)
        by_person = event["comment"]["user"]["type"] == "User"
        assert (found is not None) == (event["action"] == "created" and by_person)
        if found is not None:
            assert found.body == event["comment"]["body"]
            assert found.issue == event["issue"]["number"]
            assert found.repository == event["repository"]["full_name"]
            assert command_of(found.body) is None
    assert any(comment_event(event) for event in events["issue_comment"])


VALUES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        ["", "0" * 40, "a" * 40, "-x", "a\x00b", "\ud800", "../..", "created", "User"]
    )
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_damaged_event_crashes(
    events: dict[str, list[dict[str, Any]]], data: st.DataObject
) -> None:
    """With anything in place of any part, an event is none, or is refused, or is well-formed."""
    name = data.draw(st.sampled_from(["push", "pull_request", "issue_comment"]))
    event = json.loads(json.dumps(data.draw(st.sampled_from(events[name]))))
    for _ in range(data.draw(st.integers(1, 3))):
        _damage(event, data)
    trigger = triggered(name, event)
    assert trigger is None or trigger.sha.isalnum()
    found = comment_event(event)
    assert found is None or _well_formed(found)


def _damage(event: dict[str, Any], data: st.DataObject) -> None:
    """Put something else into a place that is read."""
    paths = (
        *(("after",), ("pull_request",), ("pull_request", "head"), ("pull_request", "number")),
        *(("pull_request", "head", "sha"), ("pull_request", "head", "ref"), ("repository",)),
        *(("action",), ("comment",), ("comment", "user"), ("comment", "user", "login")),
        *(("comment", "user", "id"), ("comment", "user", "type"), ("comment", "id")),
        *(("comment", "body"), ("comment", "created_at"), ("issue",), ("issue", "number")),
        *(("issue", "state"), ("issue", "locked"), ("issue", "pull_request")),
        ("repository", "full_name"),
    )
    *parents, last = data.draw(st.sampled_from(paths))
    place: Any = event
    for parent in parents:
        place = place.get(parent) if isinstance(place, dict) else None
    if isinstance(place, dict):
        place[last] = data.draw(VALUES)


def _well_formed(found: Any) -> bool:  # noqa: ANN401 - its types are what is in question
    """Tell whether an event has what its types promise."""
    found.body.encode()
    numbers = (found.comment, found.author_id, found.issue)
    return (
        all(type(number) is int and number > 0 for number in numbers)
        and type(found.locked) is bool
        and found.repository.count("/") == 1
        and found.created_at > 0
    )
