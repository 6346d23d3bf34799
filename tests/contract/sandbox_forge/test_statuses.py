"""Commit statuses: what one may say, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from docklet_sandbox.forge.records import Status
from docklet_sandbox.forge.store import WORKFLOW_TOKEN
from tests.contract.sandbox_forge.conftest import REPO, Stand

_BASE = f"/repos/{REPO}"
_ABSENT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("said", "field", "message"),
    [
        ({"description": "x" * 141}, "description", "is too long (maximum is 140 characters)"),
        ({"context": "x" * 256}, "context", "is too long (maximum is 255 characters)"),
        ({"target_url": "ftp://example.com"}, "target_url", "must use http(s) scheme"),
        ({"target_url": "javascript:alert(1)"}, "target_url", "must use http(s) scheme"),
        ({"target_url": f"http://{'x' * 1024}"}, "target_url", "is too long (maximum is 1024"),
        ({"state": "done"}, "state", None),
    ],
)
def test_what_a_status_may_not_say(
    shared: Stand, said: dict[str, str], field: str, message: str | None
) -> None:
    """What is too long or not of its kind is named."""
    path = f"{_BASE}/statuses/{shared.client.head(REPO)}"
    refused = shared.ask("POST", path, {"state": "success", **said}, token=WORKFLOW_TOKEN)
    (problem,) = refused.json["errors"]
    assert (refused.status, problem["field"], problem["resource"]) == (422, field, "Status")
    assert (message or "") in problem.get("message", "")
    assert shared.client.statuses(REPO) == []


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"description": "ü" * 140, "context": "x" * 255, "target_url": "https://example.com/"},
        {"description": None, "target_url": None},
    ],
)
def test_what_a_status_may_say(stand: Stand, said: dict[str, Any]) -> None:
    """The longest texts are taken, and none; a context has a name anyhow."""
    path = f"{_BASE}/statuses/{stand.client.head(REPO)}"
    answer = stand.ask("POST", path, {"state": "pending", **said}, token=WORKFLOW_TOKEN)
    assert answer.status == 201
    shown = answer.json
    assert shown["context"] == said.get("context", "default")
    assert (shown["description"], shown["state"]) == (said.get("description"), "pending")


@pytest.mark.parametrize("sha", ["main", "HEAD", "0123456", "g" * 40])
def test_status_is_set_by_a_whole_sha(shared: Stand, sha: str) -> None:
    """A branch or a shortened SHA is none."""
    refused = shared.ask("POST", f"{_BASE}/statuses/{sha}", {"state": "success"})
    assert refused.status == 422
    assert refused.json["errors"][0]["message"] == "sha must be a 40 character SHA1"


def test_status_of_a_commit_that_is_not_there(shared: Stand) -> None:
    """A SHA of nothing is told as such."""
    refused = shared.ask("POST", f"{_BASE}/statuses/{_ABSENT}", {"state": "success"})
    assert (refused.status, refused.json["message"]) == (
        422,
        f"No commit found for SHA: {_ABSENT}",
    )


def test_a_thousand_statuses(stand: Stand) -> None:
    """A commit has a thousand statuses in one context and no more; another has room."""
    sha, held = stand.client.head(REPO), stand.forge.repository(REPO).statuses
    facts: dict[str, Any] = {"sha": sha, "state": "pending", "description": "", "target_url": ""}
    facts |= {"context": "docklet", "login": "mona", "created": 0.0}
    held.extend(Status(id=number, **facts) for number in range(999))
    path, body = f"{_BASE}/statuses/{sha}", {"state": "success", "context": "docklet"}
    assert stand.ask("POST", path, body).status == 201
    refused = stand.ask("POST", path, body)
    (problem,) = refused.json["errors"]
    assert problem["message"] == "This SHA and context has reached the maximum number of statuses."
    assert stand.ask("POST", path, body | {"context": "other"}).status == 201
    assert stand.ask("GET", f"{_BASE}/commits/{sha}/status").json["state"] == "success"


@pytest.mark.parametrize(
    ("states", "combined"),
    [
        ([], "pending"),
        (["success"], "success"),
        (["pending", "success"], "pending"),
        (["success", "failure"], "failure"),
        (["success", "error"], "failure"),
        (["pending", "error"], "failure"),
    ],
)
def test_combined_state(shared: Stand, states: list[str], combined: str) -> None:
    """The worst of all contexts counts; nothing at all is pending."""
    sha = shared.client.commit(REPO, {"state.txt": f"{states}"}, "states")
    for state in states:
        body = {"state": state, "context": f"of {state}"}
        assert shared.ask("POST", f"{_BASE}/statuses/{sha}", body).status == 201
    shown = shared.ask("GET", f"{_BASE}/commits/{sha}/status").json
    assert (shown["state"], shown["total_count"]) == (combined, len(states))
