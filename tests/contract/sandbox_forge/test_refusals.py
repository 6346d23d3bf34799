"""What the REST API refuses, in GitHub's words."""

from __future__ import annotations

from docklet_sandbox.forge.store import WORKFLOW_TOKEN
from tests.contract.sandbox_forge.conftest import REPO, Stand

_BASE = f"/repos/{REPO}"
_ABSENT = "0123456789abcdef0123456789abcdef01234567"


def test_personal_token_is_refused_in_its_own_words(stand: Stand) -> None:
    """A personal token that lacks a grant, or whose owner lacks the role, is told so."""
    path, body = f"{_BASE}/statuses/{stand.client.head(REPO)}", {"state": "success"}
    stand.client.token("pat_stranger", "stranger", {"statuses": "write"}, kind="fine")
    refused = stand.ask("POST", path, body, token="pat_stranger")
    assert refused.json["message"] == "Resource not accessible by personal access token"
    stand.client.call("role", repo=REPO, login="stranger", role="write")
    assert stand.ask("POST", path, body, token="pat_stranger").status == 201


def test_without_a_token_nothing_is_written(stand: Stand) -> None:
    """A public repository is read without a token; writing asks for one."""
    assert stand.ask("GET", _BASE, token=None).status == 200
    path = f"{_BASE}/commits/{stand.client.head(REPO)}/comments"
    refused = stand.ask("POST", path, {"body": "hello"}, token=None)
    assert (refused.status, refused.json["message"]) == (401, "Requires authentication")


def test_wrong_token_is_worse_than_none(stand: Stand) -> None:
    """A token that nobody was given is refused also where none is needed."""
    refused = stand.ask("GET", _BASE, token="ghs_wrong")
    assert (refused.status, refused.json["message"]) == (401, "Bad credentials")


def test_private_repository_does_not_exist_for_strangers(stand: Stand) -> None:
    """Who can't see a repository is told that there is none."""
    stand.client.create("mona/secret", {"a": "b"}, private=True)
    stand.client.token("pat_stranger", "stranger", {"contents": "write"}, kind="fine")
    everything = {"contents": "write"}
    stand.client.token("ghs_else", "github-actions[bot]", everything, repositories=[REPO])
    for token in (None, "pat_stranger", "ghs_else"):
        assert stand.ask("GET", "/repos/mona/secret", token=token).status == 404
    assert stand.ask("GET", "/repos/mona/secret").status == 200


def test_unknown_commit_is_named(stand: Stand) -> None:
    """Comments, statuses and reads of a commit that is not there say which one."""
    for method, path, body in (
        ("POST", f"{_BASE}/commits/{_ABSENT}/comments", {"body": "hello"}),
        ("POST", f"{_BASE}/statuses/{_ABSENT}", {"state": "success"}),
        ("GET", f"{_BASE}/commits/{_ABSENT}", None),
    ):
        refused = stand.ask(method, path, body)
        assert (refused.status, refused.json["message"]) == (
            422,
            f"No commit found for SHA: {_ABSENT}",
        )


def test_missing_fields_are_told(undescribed: Stand) -> None:
    """A body without its required field is a 422."""
    refused = undescribed.ask("POST", f"{_BASE}/commits/main/comments", {})
    assert refused.json["message"].endswith('"body" wasn\'t supplied.')


def test_empty_and_long_fields_are_refused(stand: Stand) -> None:
    """A field that is empty or too long is a 422."""
    path = f"{_BASE}/commits/main/comments"
    assert stand.ask("POST", path, {"body": " "}).status == 422
    long = {"state": "success", "description": "x" * 141}
    assert stand.ask("POST", f"{_BASE}/statuses/main", long).status == 422


def test_unknown_route_and_field_are_violations(stand: Stand) -> None:
    """What GitHub does not have is a 500 that the journal remembers."""
    assert stand.ask("GET", f"{_BASE}/teapots").status == 500
    unknown = {"body": "hello", "colour": "red"}
    assert stand.ask("POST", f"{_BASE}/commits/main/comments", unknown).status == 500
    assert len(stand.journal.violations()) == 2


def test_archived_repository_is_read_only(stand: Stand) -> None:
    """An archived repository can be read, and nothing in it changed."""
    stand.client.call("configure", repo=REPO, archived=True)
    refused = stand.ask("POST", f"{_BASE}/commits/main/comments", {"body": "hello"})
    assert refused.json["message"] == "Repository was archived so is read-only."
    assert stand.ask("GET", f"{_BASE}/commits/main").status == 200


def test_workflows_may_be_forbidden_to_open_pull_requests(stand: Stand) -> None:
    """GitHub's setting for it, off in new repositories, is answered as there."""
    stand.client.commit(REPO, {"new.txt": "new"}, "results")
    stand.client.call("configure", repo=REPO, actions_may_open_pulls=False)
    body = {"head": "results", "base": "main", "title": "Results"}
    refused = stand.ask("POST", f"{_BASE}/pulls", body, token=WORKFLOW_TOKEN)
    assert refused.status == 403
    assert refused.json["message"].startswith("GitHub Actions is not permitted to create")
    assert stand.ask("POST", f"{_BASE}/pulls", body).status == 201


def test_account_of_a_workflow_is_none(stand: Stand) -> None:
    """An installation token has no account of its own."""
    assert stand.ask("GET", "/user", token=WORKFLOW_TOKEN).status == 403
