"""Who somebody is in a repository, what runs know, and what every request has to say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from docklet_sandbox.forge.store import WORKFLOW_TOKEN
from tests.contract.sandbox_forge.conftest import REPO, Stand

_BASE = f"/repos/{REPO}"
_PRIVATE = "mona/private"
_ROLES = {
    "none": "none",
    "read": "read",
    "triage": "read",
    "write": "write",
    "maintain": "write",
    "admin": "admin",
}
_WRITERS = {"write", "maintain", "admin"}


@pytest.fixture(scope="module")
def people(shared: Stand) -> Iterator[Stand]:
    """Return a forge where there is somebody of each role."""
    shared.client.create(_PRIVATE, {"a": "b"}, private=True)
    everything = {"contents": "write", "statuses": "write", "issues": "write"}
    for role in _ROLES:
        shared.client.call("role", repo=_PRIVATE, login=f"a-{role}", role=role)
        shared.client.call("role", repo=REPO, login=f"a-{role}", role=role)
        shared.client.token(f"pat_{role}", f"a-{role}", everything, kind="fine")
    yield shared
    assert shared.journal.violations() == []


@pytest.mark.parametrize(("role", "permission"), _ROLES.items())
def test_role_of_a_collaborator(people: Stand, role: str, permission: str) -> None:
    """The coarse word leaves out triage and maintain, the fine one does not."""
    path = f"/repos/{_PRIVATE}/collaborators/a-{role}/permission"
    shown = people.ask("GET", path, token=WORKFLOW_TOKEN).json
    assert (shown["permission"], shown["role_name"]) == (permission, role)
    assert shown["user"]["permissions"]["push"] is (role in _WRITERS)


@pytest.mark.parametrize("role", _ROLES)
def test_who_may_ask_for_roles(people: Stand, role: str) -> None:
    """Those who can push may look at others' roles; others are told what it takes."""
    tails = ("", "/mona", "/mona/permission")
    answers = [
        people.ask("GET", f"{_BASE}/collaborators{tail}", token=f"pat_{role}") for tail in tails
    ]
    if role in _WRITERS:
        assert [a.status for a in answers] == [200, 204, 200]
        return
    assert [a.status for a in answers] == [403] * 3
    assert answers[2].json["message"] == "Must have push access to view collaborator permission."


@pytest.mark.parametrize("role", _ROLES)
def test_what_a_role_may_write(people: Stand, role: str) -> None:
    """A grant is worth as much as its owner's role; in private none means not there."""
    status = f"/statuses/{people.client.head(_PRIVATE)}"
    body = {"state": "success"}
    answer = people.ask("POST", f"/repos/{_PRIVATE}{status}", body, token=f"pat_{role}")
    assert answer.status == {"none": 404}.get(role, 201 if role in _WRITERS else 403)
    seen = people.ask("GET", f"/repos/{_PRIVATE}", token=f"pat_{role}")
    assert seen.status == (404 if role == "none" else 200)


@pytest.mark.parametrize("login", ["nobody-at-all", "github-actions[bot]"])
def test_who_is_no_user(people: Stand, login: str) -> None:
    """Neither somebody unknown nor a bot has a role."""
    name = login.replace("[", "%5B").replace("]", "%5D")
    answer = people.ask("GET", f"{_BASE}/collaborators/{name}/permission", token=WORKFLOW_TOKEN)
    assert (answer.status, answer.json["message"]) == (404, f"{login} is not a user")


def test_stranger_reads_what_is_public(people: Stand) -> None:
    """Who has no role in a public repository can read it, which is no collaborator."""
    people.client.call("user", login="stranger")
    path = f"{_BASE}/collaborators/stranger"
    assert people.ask("GET", f"{path}/permission").json["permission"] == "read"
    assert people.ask("GET", path).status == 404
    assert people.ask("GET", f"{_BASE}/collaborators/A-Write").status == 204
    assert people.ask("GET", f"{path}/permission", token=None).status == 401


@pytest.mark.parametrize(("wanted", "least"), [("push", "write"), ("admin", "admin")])
def test_collaborators_of_a_permission(people: Stand, wanted: str, least: str) -> None:
    """The list is narrowed to those who have at least so much."""
    found = people.ask("GET", f"{_BASE}/collaborators?permission={wanted}").json
    logins = [one["login"] for one in found]
    assert logins[0] == "mona"
    assert f"a-{least}" in logins
    assert "a-triage" not in logins


def test_fork_knows_where_it_is_from(people: Stand) -> None:
    """A fork shows its parent; a pull request outlives its fork."""
    people.client.create("hubot/template", parent=REPO)
    shown = people.ask("GET", "/repos/hubot/template").json
    assert (shown["fork"], shown["parent"]["full_name"]) == (True, REPO)
    people.client.commit("hubot/template", {"evil.R": "1"}, "patch")
    pull = {"head": "hubot:patch", "base": "main", "title": "From a fork"}
    number = people.ask("POST", f"{_BASE}/pulls", pull).json["number"]
    assert people.ask("GET", f"{_BASE}/pulls/{number}").json["head"]["repo"]["fork"] is True
    people.client.call("delete_repository", repo="hubot/template")
    head = people.ask("GET", f"{_BASE}/pulls/{number}").json["head"]
    assert (head["label"], head["repo"]) == ("hubot:patch", None)
    assert people.ask("GET", "/repos/hubot/template").status == 404


def test_head_of_a_pull_request_is_somewhere(people: Stand) -> None:
    """Somebody without a fork has no branch to offer."""
    pull = {"head": "nobody:patch", "base": "main", "title": "From nowhere"}
    refused = people.ask("POST", f"{_BASE}/pulls", pull)
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "head")


def test_runs_of_workflows(people: Stand) -> None:
    """A run is found by itself, by its attempt and by what it is; it is cancelled once."""
    sha = people.client.head(REPO)
    people.client.call("run", repo=REPO, id=5, head_sha=sha, event="push")
    people.client.call("run", repo=REPO, id=8, head_sha=sha, event="schedule", attempt=2)
    path = f"{_BASE}/actions/runs"
    assert people.ask("GET", f"{path}/8").json["run_attempt"] == 2
    assert people.ask("GET", f"{path}/8/attempts/2").status == 200
    assert people.ask("GET", f"{path}/8/attempts/1").status == 404
    assert people.ask("GET", f"{path}/9").status == 404
    found = people.ask("GET", f"{path}?event=schedule&status=in_progress").json
    assert [run["id"] for run in found["workflow_runs"]] == [8]
    assert people.ask("POST", f"{path}/8/cancel").status == 202
    again = people.ask("POST", f"{path}/8/cancel")
    assert again.status == 409
    shown = people.ask("GET", f"{path}/8").json
    assert (shown["status"], shown["conclusion"]) == ("completed", "cancelled")


def test_request_says_who_sends_it(people: Stand) -> None:
    """Without a User-Agent nothing is answered."""
    refused = people.ask("GET", _BASE, headers={"User-Agent": ""})
    assert refused.status == 403
    assert b"User-Agent" in refused.body


@pytest.mark.parametrize(("version", "status"), [("2022-11-28", 200), ("2019-01-01", 400)])
def test_version_of_the_api(people: Stand, version: str, status: int) -> None:
    """A version that is not there is refused."""
    answer = people.ask("GET", f"{_BASE}/branches/main", headers={"X-GitHub-Api-Version": version})
    assert answer.status == status
