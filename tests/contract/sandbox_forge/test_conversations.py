"""Comments, issues and reactions: how long, how many, by whom, and in locked conversations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from docklet_sandbox.forge.issue_comments import MOST
from docklet_sandbox.forge.model import Comment, Edit, Place
from docklet_sandbox.forge.store import WORKFLOW_TOKEN
from tests.contract.sandbox_forge.conftest import REPO, Stand
from tests.contract.sandbox_forge.plain import Answer

_BASE = f"/repos/{REPO}"
_TEXT = {"body": "hello"}
_LONG = "ü" * 65_536
_REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


@dataclass(frozen=True, slots=True)
class _Talk:
    """A commit, an issue and a pull request, each with a comment of the workflow's."""

    stand: Stand
    sha: str
    issue: int
    pull: int

    def ask(self, method: str, path: str, body: Any = None, token: str = WORKFLOW_TOKEN) -> Answer:  # noqa: ANN401
        """Ask with the workflow's token."""
        return self.stand.ask(method, _BASE + path, body, token=token)

    def on(self, subject: str) -> str:
        """Return where a subject's comments are."""
        if subject == "commit":
            return f"/commits/{self.sha}/comments"
        return f"/issues/{self.issue if subject == 'issue' else self.pull}/comments"

    def comment(self, subject: str, token: str = WORKFLOW_TOKEN) -> str:
        """Comment on a subject and return the comment's path."""
        number = self.ask("POST", self.on(subject), _TEXT, token).json["id"]
        return f"{'' if subject == 'commit' else '/issues'}/comments/{number}"

    def lock(self, subject: str, *, locked: bool) -> None:
        """Lock a subject's conversation, or unlock it."""
        if subject == "commit":
            self.stand.client.call("lock_commit", repo=REPO, sha=self.sha, locked=locked)
        else:
            number = self.issue if subject == "issue" else self.pull
            self.stand.client.call("lock", repo=REPO, number=number, locked=locked)


@pytest.fixture(scope="module")
def talk(shared: Stand) -> Iterator[_Talk]:
    """Return what there is to talk about."""
    client = shared.client
    sha = client.head(REPO)
    assert sha is not None
    client.commit(REPO, {"new.txt": "new"}, "results")
    issue = client.call("issue", repo=REPO, title="An issue")
    body = {"head": "results", "base": "main", "title": "Results"}
    pull = shared.ask("POST", f"{_BASE}/pulls", body).json["number"]
    client.call("role", repo=REPO, login="keeper", role="write")
    for login in ("stranger", "keeper"):
        grants = {"contents": "write", "issues": "write", "pull_requests": "write"}
        client.token(f"pat_{login}", login, grants, kind="fine")
    yield _Talk(shared, sha, issue, pull)
    assert shared.journal.violations() == []


_SUBJECTS = ("commit", "issue", "pull")


@pytest.mark.parametrize("subject", _SUBJECTS)
def test_longest_comment(talk: _Talk, subject: str) -> None:
    """65,536 characters are taken and one more is not, whether new or edited."""
    one = talk.comment(subject)
    assert talk.ask("PATCH", one, {"body": _LONG}).status == 200
    for method, path in (("POST", talk.on(subject)), ("PATCH", one)):
        refused = talk.ask(method, path, {"body": _LONG + "ü"})
        assert (refused.status, refused.json["message"]) == (422, "Validation Failed")
        assert refused.json["errors"] == [_too_long(subject)]
    assert talk.ask("GET", one).json["body"] == _LONG


def _too_long(subject: str) -> dict[str, str]:
    if subject == "commit":
        facts = {"resource": "CommitComment", "code": "custom", "field": "body"}
        return facts | {"message": "body is too long (maximum is 65536 characters)"}
    facts = {"resource": "IssueComment", "code": "unprocessable", "field": "data"}
    return facts | {"message": "Body is too long (maximum is 65536 characters)"}


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/issues", {"title": "t" * 257}, "title"),
        ("POST", "/issues", {"title": "t", "body": _LONG + "x"}, "body"),
        ("POST", "/issues", {"title": " "}, "title"),
        ("PATCH", "/issues/{issue}", {"body": _LONG + "x"}, "body"),
        ("PATCH", "/issues/{issue}", {"title": "t" * 257}, "title"),
        ("POST", "/pulls", {"head": "new", "base": "main", "title": "t" * 257}, "title"),
        (
            "POST",
            "/pulls",
            {"head": "new", "base": "main", "title": "t", "body": _LONG + "x"},
            "body",
        ),
        ("POST", "/pulls", {"head": "new", "base": "main"}, "title"),
        ("PATCH", "/pulls/{pull}", {"body": _LONG + "x"}, "body"),
    ],
)
def test_texts_of_issues_are_bounded(
    talk: _Talk, method: str, path: str, body: dict[str, str], field: str
) -> None:
    """Titles have 256 characters, texts 65,536; what is longer or missing is named."""
    refused = talk.ask(method, path.format(issue=talk.issue, pull=talk.pull), body)
    assert refused.status == 422
    assert [problem["field"] for problem in refused.json["errors"]] == [field]


@pytest.mark.parametrize("subject", _SUBJECTS)
def test_blank_comment(talk: _Talk, subject: str) -> None:
    """A comment says something."""
    assert talk.ask("POST", talk.on(subject), {"body": " \n"}).status == 422


@pytest.mark.parametrize("subject", _SUBJECTS)
def test_locked_conversation(talk: _Talk, subject: str) -> None:
    """A locked conversation is closed to whoever can't write, for new, old and deleted words."""
    one = talk.comment(subject)
    talk.lock(subject, locked=True)
    try:
        for method, path, body in (
            ("POST", talk.on(subject), _TEXT),
            ("PATCH", one, _TEXT),
            ("POST", f"{one}/reactions", {"content": "eyes"}),
            ("DELETE", one, None),
        ):
            refused = talk.ask(method, path, body)
            assert refused.status == 403, (method, path)
            assert refused.json["message"].startswith("Unable to create comment because")
            assert refused.json["message"].endswith("is locked.")
        assert talk.ask("GET", one).status == 200
        assert talk.ask("POST", talk.on(subject), _TEXT, "pat_keeper").status == 201
    finally:
        talk.lock(subject, locked=False)
    assert talk.ask("POST", talk.on(subject), _TEXT).status == 201


@pytest.mark.parametrize("reason", ["off-topic", "too heated", "resolved", "spam", None])
def test_reason_of_a_lock(talk: _Talk, reason: str | None) -> None:
    """A lock has one of four reasons or none, and an issue shows it."""
    path = f"/issues/{talk.issue}"
    assert talk.ask("PUT", f"{path}/lock", reason and {"lock_reason": reason}).status == 204
    shown = talk.ask("GET", path).json
    assert (shown["locked"], shown["active_lock_reason"]) == (True, reason)
    assert talk.ask("DELETE", f"{path}/lock").status == 204
    assert talk.ask("GET", path).json["locked"] is False


def test_lock_is_for_those_who_write(talk: _Talk) -> None:
    """Nobody else locks, and not for any reason."""
    path = f"/issues/{talk.issue}/lock"
    assert talk.ask("PUT", path, None, "pat_stranger").status == 403
    assert talk.ask("PUT", path, {"lock_reason": "bored"}).status == 422


@pytest.mark.parametrize("subject", _SUBJECTS)
def test_comments_of_others(talk: _Talk, subject: str) -> None:
    """Strangers talk and change their own words, and nobody else's."""
    mine, theirs = talk.comment(subject, "pat_stranger"), talk.comment(subject)
    assert talk.ask("PATCH", mine, _TEXT, "pat_stranger").status == 200
    for method, body in (("PATCH", _TEXT), ("DELETE", None)):
        assert talk.ask(method, theirs, body, "pat_stranger").status == 403
        assert talk.ask("GET", theirs).json["author_association"] == "NONE"
    assert talk.ask("PATCH", theirs, _TEXT, "pat_keeper").status == 200
    assert talk.ask("DELETE", mine, None, "pat_stranger").status == 204


@pytest.mark.parametrize("subject", _SUBJECTS)
def test_deleted_comment(talk: _Talk, subject: str) -> None:
    """A comment that was deleted is not there for anything."""
    one = talk.comment(subject)
    number = int(one.rpartition("/")[2])
    assert talk.ask("DELETE", one).status == 204
    for method, path, body in (
        ("GET", one, None),
        ("PATCH", one, _TEXT),
        ("DELETE", one, None),
        ("POST", f"{one}/reactions", {"content": "eyes"}),
    ):
        assert talk.ask(method, path, body).status == 404, (method, path)
    listed = talk.ask("GET", f"{talk.on(subject)}?per_page=100").json
    assert number not in [comment["id"] for comment in listed]


def test_comment_is_of_one_kind(talk: _Talk) -> None:
    """A commit's comment is not found among issues', nor the other way round."""
    on_commit, on_issue = talk.comment("commit"), talk.comment("issue")
    assert talk.ask("GET", f"/issues{on_commit}").status == 404
    assert talk.ask("GET", on_issue.removeprefix("/issues")).status == 404


@pytest.mark.parametrize("content", _REACTIONS)
def test_reactions(talk: _Talk, content: str) -> None:
    """Eight reactions are known, each there once for each account and listed by kind."""
    path = f"{talk.comment('issue')}/reactions"
    statuses = [talk.ask("POST", path, {"content": content}).status for _ in range(2)]
    assert statuses == [201, 200]
    assert talk.ask("POST", path, {"content": content}, "pat_stranger").status == 201
    assert len(talk.ask("GET", f"{path}?content={quote(content)}").json) == 2
    other = next(one for one in _REACTIONS if one[-1] != content[-1])
    assert talk.ask("GET", f"{path}?content={quote(other)}").json == []
    counted = talk.ask("GET", path.removesuffix("/reactions")).json["reactions"]
    assert (counted[content], counted["total_count"]) == (2, 2)


def test_reaction_that_nobody_knows(talk: _Talk) -> None:
    """There is no ninth."""
    path = f"{talk.comment('commit')}/reactions"
    refused = talk.ask("POST", path, {"content": "tada"})
    assert refused.status == 422
    assert refused.json["errors"][0]["field"] == "content"


@pytest.mark.parametrize("subject", [*_SUBJECTS, "itself"])
def test_reaction_is_taken_back_by_its_author(talk: _Talk, subject: str) -> None:
    """Nobody deletes another's reaction."""
    one = f"/issues/{talk.issue}" if subject == "itself" else talk.comment(subject)
    made = talk.ask("POST", f"{one}/reactions", {"content": "heart"}).json
    path = f"{one}/reactions/{made['id']}"
    assert made["user"]["login"] == "github-actions[bot]"
    assert talk.ask("DELETE", path, None, "pat_keeper").status == 403
    assert talk.ask("DELETE", path).status == 204
    assert talk.ask("DELETE", path).status == 404


def test_issue_takes_so_many_comments(talk: _Talk) -> None:
    """After 2,500 comments an issue takes no more."""
    number = talk.stand.client.call("issue", repo=REPO, title="Long")
    held = talk.stand.forge.repository(REPO).comments
    edit = (Edit(at=0.0, body="x"),)
    for one in range(MOST):
        held[one] = Comment(
            id=one, place=Place.ISSUE, target=str(number), login="mona", history=edit
        )
    refused = talk.ask("POST", f"/issues/{number}/comments", _TEXT)
    for one in range(MOST):
        del held[one]
    assert refused.status == 403
    assert (
        refused.json["message"] == "Commenting is disabled on issues with more than 2500 comments"
    )


def test_comments_since(stand: Stand) -> None:
    """Comments are left out that did not change since a time, here or in all conversations."""
    number = stand.client.call("issue", repo=REPO, title="Long")
    on_issue, in_all = f"{_BASE}/issues/{number}/comments", f"{_BASE}/issues/comments"
    stand.clock.stop()
    made = [stand.ask("POST", on_issue, {"body": text}).json["id"] for text in ("a", "b")]
    stand.clock.ahead += 60
    late = stand.ask("POST", on_issue, {"body": "late"}).json
    since = f"since={late['created_at']}"
    for path in (on_issue, in_all):
        assert [one["id"] for one in stand.ask("GET", f"{path}?{since}").json] == [late["id"]]
    stand.ask("PATCH", f"{in_all}/{made[0]}", {"body": "A"})
    listed = stand.ask("GET", f"{in_all}?sort=created&direction=desc&{since}").json
    assert [one["id"] for one in listed] == [late["id"], made[0]]


def test_deleted_issue(talk: _Talk) -> None:
    """An issue that was deleted is gone, which is more than not found."""
    number = talk.stand.client.call("issue", repo=REPO, title="Wrong")
    talk.stand.client.call("delete_issue", repo=REPO, number=number)
    for method, path, body in (
        ("GET", f"/issues/{number}", None),
        ("POST", f"/issues/{number}/comments", _TEXT),
    ):
        gone = talk.ask(method, path, body)
        assert (gone.status, gone.json["message"]) == (410, "This issue was deleted")
    assert talk.ask("GET", "/issues/9999").status == 404


def test_repository_without_issues(talk: _Talk) -> None:
    """Where issues are switched off none is opened."""
    talk.stand.client.create("mona/quiet", {"a": "b"})
    talk.stand.client.call("configure", repo="mona/quiet", has_issues=False)
    answer = talk.stand.ask("POST", "/repos/mona/quiet/issues", {"title": "New"})
    assert (answer.status, answer.json["message"]) == (410, "Issues are disabled for this repo")


def test_issue_of_somebody_else(talk: _Talk) -> None:
    """An issue is closed by its author and by those who triage."""
    made = talk.ask("POST", "/issues", {"title": "Mine"}, "pat_stranger")
    path = f"/issues/{made.json['number']}"
    assert talk.ask("PATCH", path, {"state": "closed"}, "pat_stranger").json["state"] == "closed"
    others = f"/issues/{talk.issue}"
    assert talk.ask("PATCH", others, {"title": "x"}, "pat_stranger").status == 403
    talk.stand.client.call("role", repo=REPO, login="helper", role="triage")
    talk.stand.client.token("pat_helper", "helper", {"issues": "write"}, kind="fine")
    assert talk.ask("PATCH", path, {"state": "open"}, "pat_helper").json["state"] == "open"
    assert talk.ask("PATCH", path, {"state": "ajar"}, "pat_helper").status == 422


def test_issues_are_listed_by_state(talk: _Talk) -> None:
    """Open issues and pull requests are listed, newest first, others when asked for."""
    closed = talk.stand.client.call("issue", repo=REPO, title="Done")
    talk.ask("PATCH", f"/issues/{closed}", {"state": "closed"})
    shown = {
        state: [i["number"] for i in talk.ask("GET", f"/issues?state={state}").json]
        for state in ("open", "closed", "all")
    }
    assert closed in shown["closed"]
    assert closed not in shown["open"]
    assert {talk.issue, talk.pull} <= set(shown["open"])
    assert shown["all"] == sorted(shown["open"] + shown["closed"], reverse=True)
    oldest = talk.ask("GET", "/issues?direction=asc").json[0]
    assert oldest["number"] == min(shown["open"])
    assert "pull_request" in talk.ask("GET", f"/issues/{talk.pull}").json
