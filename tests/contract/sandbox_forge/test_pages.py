"""Lists come in pages of 30, of 100 at most, with links to the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from docklet_sandbox.forge.model import Comment, Edit, Issue, Place, Reaction
from docklet_sandbox.forge.records import CheckRun, Status, WorkflowRun
from docklet_sandbox.forge.store import PERSONAL_TOKEN
from docklet_sandbox.forge.tokens import Role
from tests.contract.sandbox_forge.conftest import REPO, Stand
from tests.contract.sandbox_forge.plain import Answer, ask

_BASE = f"/repos/{REPO}"
_MANY = 102
_LISTS = [
    "/branches",
    "/comments",
    "/commits/{sha}/comments",
    "/comments/1/reactions",
    "/commits/{sha}/statuses",
    "/commits/{sha}/status",
    "/commits/{sha}/check-runs",
    "/check-runs/1/annotations",
    "/issues",
    "/issues/1/comments",
    "/issues/comments",
    "/issues/1/reactions",
    "/issues/comments/1001/reactions",
    "/actions/runs",
    "/collaborators",
    "/users/hubot/keys",
]
_WRAPPED = ("statuses", "workflow_runs", "check_runs")


@pytest.fixture(scope="module")
def sha(shared: Stand) -> Iterator[str]:
    """Fill a repository with many of everything; return its commit."""
    forge, repo = shared.forge, shared.forge.repository(REPO)
    head = shared.client.head(REPO)
    assert head is not None
    reactions = tuple(
        Reaction(id=n, content="eyes", login="mona", created=0.0) for n in range(_MANY)
    )
    facts: dict[str, Any] = {"login": "mona", "history": (Edit(at=0.0, body="x"),)}
    facts["reactions"] = reactions
    said: dict[str, Any] = {"description": None, "target_url": None, "login": "mona"}
    opened: dict[str, Any] = {"body": None, "login": "mona", "created": 0.0, "updated": 0.0}
    line = {"path": "a.R", "start_line": 1, "end_line": 1, "annotation_level": "failure"}
    lines = tuple({**line, "message": str(n)} for n in range(_MANY))
    for n in range(1, _MANY + 1):
        repo.checks[n] = CheckRun(id=n, sha=head, name=f"c{n}", login="mona", annotations=lines)
        repo.comments[n] = Comment(id=n, place=Place.COMMIT, target=head, **facts)
        talk = Comment(id=1000 + n, place=Place.ISSUE, target="1", **facts)
        repo.comments[1000 + n] = talk
        status = Status(id=n, sha=head, state="success", context=f"c{n}", created=0.0, **said)
        repo.statuses.append(status)
        repo.issues[n] = Issue(id=n, number=n, title="t", reactions=reactions, **opened)
        repo.runs[n] = WorkflowRun(id=n, head_sha=head, login="mona", created=0.0)
        repo.roles[f"person-{n}"] = Role.READ
    forge.add_user("hubot", keys=[f"ssh-ed25519 AAAA{n}" for n in range(_MANY)])
    made = "".join(f"create refs/heads/b{n:03} {head}\n" for n in range(_MANY - 1))
    shared.git("--git-dir", str(repo.bare.path), "update-ref", "--stdin", given=made)
    yield head
    assert shared.journal.violations() == []


def _items(answer: Answer) -> list[Any]:
    """Return what a list holds, in whatever it is wrapped."""
    found = answer.json
    if isinstance(found, dict):
        (found,) = (found[name] for name in _WRAPPED if name in found)
    assert isinstance(found, list)
    return found


def _links(answer: Answer) -> dict[str, str]:
    header = answer.headers.get("Link") or ""
    return {word: url for url, word in re.findall(r'<([^>]*)>; rel="(\w+)"', header)}


@pytest.mark.parametrize("path", _LISTS)
def test_list_has_pages(shared: Stand, sha: str, path: str) -> None:
    """Whoever asks for nothing gets 30, whoever asks for more than 100 gets 100."""
    path = path.format(sha=sha)
    where = path if path.startswith("/users") else _BASE + path
    first = shared.ask("GET", where)
    assert len(_items(first)) == 30
    links = _links(first)
    assert set(links) == {"next", "last"}
    assert links["next"].startswith(shared.forge.api_url)
    assert "page=4" in links["last"]
    most = shared.ask("GET", f"{where}?per_page=1000")
    assert len(_items(most)) == 100
    rest = ask("GET", _links(most)["next"], token=PERSONAL_TOKEN)
    assert 2 <= len(_items(rest)) <= 3
    assert set(_links(rest)) == {"prev", "first"}
    assert _items(shared.ask("GET", f"{where}?page=99")) == []


def test_totals_count_all_pages(shared: Stand, sha: str) -> None:
    """What says how many there are means all of them."""
    shown = shared.ask("GET", f"{_BASE}/commits/{sha}/status").json
    assert shown["total_count"] == _MANY
    assert (
        shared.ask("GET", f"{_BASE}/actions/runs?status=in_progress").json["total_count"] == _MANY
    )
    assert shared.ask("GET", f"{_BASE}/actions/runs?event=schedule").json["total_count"] == 0


def test_short_list_has_no_links(shared: Stand, sha: str) -> None:
    """One page is all there is."""
    shared.client.create("mona/short", {"a": "b"})
    assert (
        shared.ask("GET", f"/repos/mona/short/branches?per_page={len(sha)}").headers["Link"]
        is None
    )
