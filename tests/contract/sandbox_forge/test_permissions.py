"""What each route asks of a token: every grant is refused and given on its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from docklet_sandbox.forge.tokens import Permission
from tests.contract.sandbox_forge.conftest import Stand
from tests.contract.sandbox_forge.plain import Answer

_REPO = "mona/private"
_BOT = "github-actions[bot]"
_TALK = "issues=write; pull_requests=write"
_HEAR = "issues=read; pull_requests=read"
_TEXT = {"body": "hello"}


@dataclass(slots=True)
class _Place:
    """A private repository in which there is one of everything."""

    stand: Stand
    words: dict[str, Any] = field(default_factory=dict)

    def path(self, pattern: str) -> str:
        """Fill in the ids of what is there."""
        return f"/repos/{_REPO}" + pattern.format(**self.words)

    def asked(self, method: str, pattern: str, body: Any, **grants: str) -> Answer:  # noqa: ANN401
        """Ask with a token that has these grants and no others."""
        self.stand.client.token("ghs_case", _BOT, grants)
        filled = {k: v.format(**self.words) if isinstance(v, str) else v for k, v in body.items()}
        return self.stand.ask(method, self.path(pattern), filled or None, token="ghs_case")


@pytest.fixture(scope="module")
def place(shared: Stand) -> Iterator[_Place]:
    """Return the repository."""
    client = shared.client
    sha = client.create(_REPO, {"a.txt": "1\n", "old.txt": "old\n"}, private=True)
    for branch in ("results", "moving", "closing", "more"):
        client.commit(_REPO, {f"{branch}.txt": "new\n"}, branch)
    issue = client.call("issue", repo=_REPO, title="An issue")
    client.call("run", repo=_REPO, id=7, head_sha=sha)
    found = _Place(shared, {"sha": sha, "issue": issue})
    base = f"/repos/{_REPO}"
    on_commit = shared.ask("POST", f"{base}/commits/{sha}/comments", _TEXT)
    on_issue = shared.ask("POST", f"{base}/issues/{issue}/comments", _TEXT)
    pull = {"head": "results", "base": "main", "title": "Results"}
    number = shared.ask("POST", f"{base}/pulls", pull).json["number"]
    old = shared.ask("GET", f"{base}/contents/old.txt").json["sha"]
    found.words |= {"comment": on_commit.json["id"], "talk": on_issue.json["id"]}
    found.words |= {"pull": number, "old": old}
    yield found
    assert shared.journal.violations() == []


_READS = [
    ("metadata=read", ""),
    ("metadata=read", "/comments"),
    ("metadata=read", "/comments/{comment}"),
    ("metadata=read", "/comments/{comment}/reactions"),
    ("metadata=read", "/commits/{sha}/comments"),
    ("metadata=read", "/collaborators"),
    ("metadata=read", "/collaborators/mona"),
    ("metadata=read", "/collaborators/mona/permission"),
    ("contents=read", "/branches"),
    ("contents=read", "/branches/main"),
    ("contents=read", "/git/ref/heads/main"),
    ("contents=read", "/git/matching-refs/heads/"),
    ("contents=read", "/commits/main"),
    ("contents=read", "/contents/a.txt"),
    ("statuses=read", "/commits/{sha}/status"),
    ("statuses=read", "/commits/{sha}/statuses"),
    (_HEAR, "/issues"),
    (_HEAR, "/issues/{issue}"),
    (_HEAR, "/issues/{issue}/comments"),
    (_HEAR, "/issues/{issue}/reactions"),
    (_HEAR, "/issues/comments"),
    (_HEAR, "/issues/comments/{talk}"),
    (_HEAR, "/issues/comments/{talk}/reactions"),
    ("pull_requests=read", "/pulls"),
    ("pull_requests=read", "/pulls/{pull}"),
    ("pull_requests=read", "/commits/{sha}/pulls"),
    ("checks=read", "/commits/{sha}/check-runs"),
    ("actions=read", "/actions/runs"),
    ("actions=read", "/actions/runs/7"),
]
_NEW_FILE = {"message": "Write", "content": "bmV3Cg=="}
_PULL = {"head": "more", "base": "main", "title": "More"}
_WRITES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("contents=write", "POST", "/commits/{sha}/comments", _TEXT),
    ("contents=write", "PATCH", "/comments/{comment}", _TEXT),
    ("contents=write", "POST", "/comments/{comment}/reactions", {"content": "eyes"}),
    ("contents=write", "DELETE", "/comments/{comment}", {}),
    ("contents=write", "PUT", "/contents/new.txt", _NEW_FILE),
    ("contents=write", "DELETE", "/contents/old.txt", {"message": "Delete", "sha": "{old}"}),
    ("contents=write", "POST", "/git/refs", {"ref": "refs/heads/made", "sha": "{sha}"}),
    ("contents=write", "PATCH", "/git/refs/heads/moving", {"sha": "{sha}", "force": True}),
    ("contents=write", "DELETE", "/git/refs/heads/closing", {}),
    ("statuses=write", "POST", "/statuses/{sha}", {"state": "success"}),
    ("checks=write", "POST", "/check-runs", {"name": "docklet", "head_sha": "{sha}"}),
    ("issues=write", "POST", "/issues", {"title": "New"}),
    (_TALK, "POST", "/issues/{issue}/comments", _TEXT),
    (_TALK, "PATCH", "/issues/comments/{talk}", _TEXT),
    (_TALK, "POST", "/issues/comments/{talk}/reactions", {"content": "eyes"}),
    (_TALK, "POST", "/issues/{issue}/reactions", {"content": "eyes"}),
    (_TALK, "DELETE", "/issues/comments/{talk}", {}),
    (_TALK, "PATCH", "/issues/{issue}", {"state": "closed"}),
    (_TALK, "PUT", "/issues/{issue}/lock", {"lock_reason": "resolved"}),
    (_TALK, "DELETE", "/issues/{issue}/lock", {}),
    ("pull_requests=write", "POST", "/pulls", _PULL),
    ("pull_requests=write", "PATCH", "/pulls/{pull}", {"title": "Better"}),
    ("actions=write", "POST", "/actions/runs/7/cancel", {}),
]
_CASES: list[tuple[str, str, str, dict[str, Any]]] = [
    *((wanted, "GET", path, {}) for wanted, path in _READS),
    *_WRITES,
]


@pytest.mark.parametrize(("wanted", "method", "path", "body"), _CASES)
def test_each_route_needs_its_own_grant(
    place: _Place, wanted: str, method: str, path: str, body: dict[str, Any]
) -> None:
    """A token with every other grant is refused, one with this grant alone is not."""
    accepted = [one.split("=") for one in wanted.split("; ")]
    everything: dict[str, str] = dict.fromkeys(Permission, "write")
    below = "read" if wanted.endswith("write") else "none"
    lacking = everything | {name: below for name, _ in accepted if name != "metadata"}
    if accepted[0][0] != "metadata":
        refused = place.asked(method, path, body, **lacking)
        assert (refused.status, refused.json["message"]) == (
            403,
            "Resource not accessible by integration",
        )
        assert refused.headers["x-accepted-github-permissions"] == wanted
    name, level = accepted[0]
    answer = place.asked(method, path, body, **{name: level})
    assert answer.status < 300, answer.body
    assert answer.headers["x-accepted-github-permissions"] == wanted


@pytest.mark.parametrize("path", ["", "/commits/main", "/issues/1", "/pulls/2", "/comments"])
def test_who_may_not_see_is_told_of_nothing(place: _Place, path: str) -> None:
    """Without metadata a private repository does not exist, whatever else was granted."""
    everything: dict[str, str] = dict.fromkeys(Permission, "write")
    answer = place.asked("GET", path, {}, **everything | {"metadata": "none"})
    assert (answer.status, answer.json["message"]) == (404, "Not Found")


@pytest.mark.parametrize("path", ["/issues/{issue}", "/issues/{issue}/comments"])
def test_pull_requests_alone_do_not_open_issues(place: _Place, path: str) -> None:
    """The grant for pull requests is good for theirs only."""
    assert place.asked("GET", path, {}, pull_requests="write").status == 403
    assert (
        place.asked("GET", path.replace("issue}", "pull}"), {}, pull_requests="read").status == 200
    )


def test_a_public_repository_is_read_without_grants(shared: Stand) -> None:
    """Reading what is public needs no grant at all."""
    shared.client.token("ghs_none", _BOT, {})
    for path in ("", "/branches", "/commits/main/statuses", "/issues", "/pulls", "/actions/runs"):
        answer = shared.ask("GET", f"/repos/mona/template{path}", token="ghs_none")
        assert answer.status == 200, path


def test_workflow_files_need_a_right_of_their_own(shared: Stand) -> None:
    """Writing one over REST is refused, in the words that the kind of token is told."""
    path = "/repos/mona/template/contents/.github/workflows/run.yml"
    answers = {}
    for kind in ("app", "fine", "classic"):
        shared.client.token(f"t_{kind}", "mona", {"contents": "write"}, kind=kind)
        answers[kind] = shared.ask("PUT", path, _NEW_FILE, token=f"t_{kind}")
    told = {kind: (answer.status, answer.json["message"]) for kind, answer in answers.items()}
    assert told == {
        "app": (403, "Resource not accessible by integration"),
        "fine": (403, "Resource not accessible by personal access token"),
        "classic": (404, "Not Found"),
    }
    wanted = answers["app"].headers["x-accepted-github-permissions"]
    assert wanted == "contents=write,workflows=write"
    both = {"contents": "write", "workflows": "write"}
    shared.client.token("t_both", _BOT, both)
    assert shared.ask("PUT", path, _NEW_FILE, token="t_both").status == 201


def test_scopes_are_told_to_classic_tokens_only(shared: Stand) -> None:
    """Classic tokens hear of scopes, the others of permissions."""
    grants = {"contents": "write", "workflows": "write"}
    shared.client.token("ghp_both", "mona", grants, kind="classic")
    shared.client.token("ghp_one", "mona", {"contents": "write"}, kind="classic")
    path = "/repos/mona/template/branches"
    both, one = (shared.ask("GET", path, token=f"ghp_{n}") for n in ("both", "one"))
    assert (both.headers["X-OAuth-Scopes"], one.headers["X-OAuth-Scopes"]) == (
        "repo, workflow",
        "repo",
    )
    assert "x-accepted-github-permissions" not in one.headers
    fine = shared.ask("GET", path)
    assert "X-OAuth-Scopes" not in fine.headers
    assert fine.headers["x-accepted-github-permissions"] == "contents=read"


def test_classic_token_is_not_told_what_it_lacks(shared: Stand) -> None:
    """For a classic token without scopes, what it may not write does not exist."""
    path = "/repos/mona/template/commits/main/comments"
    shared.client.token("ghp_poor", "mona", {}, kind="classic")
    refused = shared.ask("POST", path, _TEXT, token="ghp_poor")
    assert (refused.status, refused.headers["X-Accepted-OAuth-Scopes"]) == (404, "repo")


def test_workflow_token_is_of_its_own_repository(shared: Stand) -> None:
    """A workflow's token writes to no other repository, and not to a fork."""
    shared.client.create("hubot/template", parent="mona/template")
    shared.client.create("mona/another", {"a": "b"})
    grants = {"contents": "write"}
    shared.client.token("ghs_own", _BOT, grants, repositories=["mona/template"])
    shared.client.token("ghs_any", _BOT, grants)
    for token, repo in (("ghs_own", "mona/another"), ("ghs_any", "hubot/template")):
        path = f"/repos/{repo}/commits/main/comments"
        assert shared.ask("POST", path, _TEXT, token=token).status == 403
        url = shared.url(token, repo)
        assert shared.git("ls-remote", url).returncode == 0
        pushed = shared.git("push", url, "HEAD:x", cwd=shared.clone(f"{token}-work"))
        assert f"Permission to {repo}.git denied to {_BOT}." in pushed.stderr
