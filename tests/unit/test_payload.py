"""A comment event is a person's new comment, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from docklet.adapters.runner.files import event_payload
from docklet.domain.payload import CommentEvent, at, comment_event

EVENT: Final[dict[str, Any]] = {
    "action": "created",
    "comment": {
        "id": 11,
        "body": "/docklet run",
        "created_at": "2026-11-22T21:00:00Z",
        "user": {"login": "Ada", "id": 12, "type": "User"},
    },
    "issue": {"number": 13, "state": "open", "locked": False, "pull_request": {"url": "u"}},
    "repository": {"full_name": "o/n.x_y"},
}
FOUND: Final = CommentEvent(
    comment=11,
    body="/docklet run",
    created_at=1795381200.0,
    author="Ada",
    author_id=12,
    issue=13,
    pull_request=True,
    open=True,
    locked=False,
    repository="o/n.x_y",
)


def changed(path: str, value: object) -> dict[str, Any]:
    """Return the event with another value at a path."""
    event = {name: dict(part) if isinstance(part, dict) else part for name, part in EVENT.items()}
    event["comment"]["user"] = dict(event["comment"]["user"])
    *parents, last = path.split(".")
    place = event
    for parent in parents:
        place = place[parent]
    place[last] = value
    return event


def test_comment_of_a_person() -> None:
    """Everything that a command needs is there."""
    assert comment_event(EVENT) == FOUND


@pytest.mark.parametrize(
    ("path", "value", "name", "expected"),
    [
        ("issue.pull_request", None, "pull_request", False),
        ("issue.state", "closed", "open", False),
        ("issue.locked", True, "locked", True),
        ("comment.created_at", "2026-11-22T22:00:00+01:00", "created_at", FOUND.created_at),
        ("comment.body", "", "body", ""),
        ("comment.user.login", "a-b_c", "author", "a-b_c"),
    ],
)
def test_what_differs(path: str, value: object, name: str, expected: object) -> None:
    """Issues, closed and locked conversations, and other forms of a moment are read."""
    found = comment_event(changed(path, value))
    assert found is not None
    assert getattr(found, name) == expected


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("action", "edited"),
        ("action", "deleted"),
        ("action", None),
        ("comment.user.type", "Bot"),
        ("comment.user.type", "Organization"),
        ("comment.user.type", ["User"]),
        ("comment.user", None),
        ("comment.user.login", "dependabot[bot]"),
        ("comment.user.login", "a b"),
        ("comment.user.login", ""),
        ("comment.user.id", "12"),
        ("comment.user.id", True),
        ("comment.user.id", 0),
        ("comment.user.id", 1.5),
        ("comment.id", -1),
        ("comment.id", 10**30),
        ("comment.body", None),
        ("comment.body", ["/docklet run"]),
        ("comment.body", "/docklet run args=\ud800"),
        ("comment.created_at", None),
        ("comment.created_at", 5),
        ("comment.created_at", "yesterday"),
        ("comment.created_at", "2026-11-22T21:00:00"),
        ("comment.created_at", "0001-01-01T00:00:00+23:59"),
        ("issue.number", "13"),
        ("issue.state", "merged"),
        ("issue.locked", "no"),
        ("issue.locked", None),
        ("issue.pull_request", False),
        ("issue.pull_request", "no"),
        ("repository.full_name", "o"),
        ("repository.full_name", "o/n/x"),
        ("repository.full_name", "../n"),
        ("repository.full_name", "o/n\n"),
        ("repository", []),
        ("issue", 1),
        ("comment", "x"),
    ],
)
def test_what_is_none(path: str, value: object) -> None:
    """Edits, deletions, bots, and whatever the forge would not have sent are not acted upon."""
    assert comment_event(changed(path, value)) is None


@pytest.mark.parametrize("event", [None, [], "created", 1, {}, {"action": "created"}])
def test_no_event_at_all(event: object) -> None:
    """A payload of another shape is none."""
    assert comment_event(event) is None


@pytest.mark.parametrize(
    "content", ["[" * 100_000, '{"a":' * 100_000, '{"a": ' + "9" * 5000 + "}", "\x00", "", "[]"]
)
def test_file_that_is_no_event(tmp_path: Path, content: str) -> None:
    """A file that JSON can't be read from, or not without end, is no event at all."""
    path = tmp_path / "event.json"
    path.write_text(content)
    assert event_payload({"GITHUB_EVENT_PATH": str(path)}) == {}


def test_path_that_ends_early() -> None:
    """Looking into foreign JSON never raises."""
    assert at({"a": {"b": 1}}, "a", "b") == 1
    assert at({"a": [1]}, "a", "b", "c") is None
