"""Requests that touch every route of the forge, in an order in which all of them succeed."""

from __future__ import annotations

import base64
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from docklet_sandbox.forge.store import PERSONAL_TOKEN
from docklet_sandbox.forge.tokens import TokenKind
from tests.contract.sandbox_forge.conftest import REPO, Stand
from tests.contract.sandbox_forge.plain import Answer

Request = tuple[str, str, Any]
Talk = Generator[Request, Answer, None]
_BASE = f"/repos/{REPO}"


def talk(stand: Stand) -> Talk:
    """Yield one request after another; each answer is sent in, since later ones build on it."""
    sha = stand.client.head(REPO) or ""
    stand.client.call("run", repo=REPO, id=7, head_sha=sha)
    yield from _looking(sha)
    yield from _marking(sha)
    yield from _checking(stand, sha)
    yield from _changing(sha)
    yield from _issues()
    yield from _comments(f"{_BASE}/commits/{sha}/comments", f"{_BASE}/comments")
    stand.client.commit(REPO, {"plot.svg": "<svg/>"}, "results")
    yield from _pulling()


def _looking(sha: str) -> Talk:
    for path in ("/user", "/users/mona", "/rate_limit", _BASE):
        yield "GET", path, None
    for place in (
        *("branches", "branches/main", "git/ref/heads/main", "git/matching-refs/heads/"),
        *(f"commits/{sha}", "contents/README.md", "contents/inst"),
        *("collaborators", "collaborators/mona", "collaborators/mona/permission"),
        *("actions/runs", "actions/runs/7"),
    ):
        yield "GET", f"{_BASE}/{place}", None
    yield "POST", f"{_BASE}/actions/runs/7/cancel", None


def _marking(sha: str) -> Talk:
    status = {"state": "success", "context": "docklet", "description": None, "target_url": None}
    yield "POST", f"{_BASE}/statuses/{sha}", status
    yield "GET", f"{_BASE}/commits/{sha}/status", None
    yield "GET", f"{_BASE}/commits/main/statuses", None


def _checking(stand: Stand, sha: str) -> Talk:
    """Check runs are an App's, so everything is asked for with an App's token meanwhile."""
    person = stand.forge.tokens[PERSONAL_TOKEN]
    stand.forge.add_token(replace(person, kind=TokenKind.APP))
    line = {"path": "README.md", "start_line": 1, "end_line": 1, "message": "Wrong"}
    output = {"title": "Title", "summary": "Text"}
    marked = output | {"annotations": [line | {"annotation_level": "failure"}]}
    made = yield "POST", f"{_BASE}/check-runs", {"name": "docklet", "head_sha": sha}
    one = f"{_BASE}/check-runs/{made.json['id']}"
    yield "PATCH", one, {"conclusion": "neutral", "output": marked}
    for path in (one, f"{one}/annotations", f"{_BASE}/commits/main/check-runs"):
        yield "GET", path, None
    stand.forge.add_token(person)


def _changing(sha: str) -> Talk:
    yield "POST", f"{_BASE}/git/refs", {"ref": "refs/heads/edits", "sha": sha}
    content = base64.b64encode(b"text\n").decode()
    path, file = f"{_BASE}/contents/notes.txt", {"message": "Add notes", "branch": "edits"}
    made = yield "PUT", path, file | {"content": content}
    blob, commit = made.json["content"]["sha"], made.json["commit"]["sha"]
    yield "DELETE", path, file | {"sha": blob}
    yield "PATCH", f"{_BASE}/git/refs/heads/edits", {"sha": commit, "force": True}
    yield "DELETE", f"{_BASE}/git/refs/heads/edits", None
    entry = {"path": "a.json", "mode": "100644", "type": "blob", "content": "{}"}
    tree = yield "POST", f"{_BASE}/git/trees", {"tree": [entry]}
    kept = {"message": "Keep", "tree": tree.json["sha"], "parents": []}
    yield "POST", f"{_BASE}/git/commits", kept


def _issues() -> Talk:
    made = yield "POST", f"{_BASE}/issues", {"title": "An issue", "body": "Text"}
    one = f"{_BASE}/issues/{made.json['number']}"
    yield "GET", f"{_BASE}/issues", None
    yield "GET", one, None
    yield "PATCH", one, {"title": "The issue", "state": "closed"}
    yield from _reactions(one)
    yield from _comments(f"{one}/comments", f"{_BASE}/issues/comments")
    yield "PUT", f"{one}/lock", {"lock_reason": "resolved"}
    yield "DELETE", f"{one}/lock", None


def _comments(place: str, comments: str) -> Talk:
    made = yield "POST", place, {"body": "hello"}
    yield "GET", place, None
    yield "GET", comments, None
    one = f"{comments}/{made.json['id']}"
    yield "PATCH", one, {"body": "hello again"}
    yield from _reactions(one)
    yield "GET", one, None
    yield "DELETE", one, None


def _reactions(place: str) -> Talk:
    made = yield "POST", f"{place}/reactions", {"content": "eyes"}
    yield "GET", f"{place}/reactions", None
    yield "DELETE", f"{place}/reactions/{made.json['id']}", None


def _pulling() -> Talk:
    pull = {"head": "results", "base": "main", "title": "Results", "body": "Text"}
    made = yield "POST", f"{_BASE}/pulls", pull
    number = made.json["number"]
    yield "GET", f"{_BASE}/pulls", None
    yield "GET", f"{_BASE}/pulls/{number}", None
    yield "GET", f"{_BASE}/issues/{number}", None
    yield "GET", f"{_BASE}/commits/results/pulls", None
    yield "PATCH", f"{_BASE}/pulls/{number}", {"state": "closed"}
