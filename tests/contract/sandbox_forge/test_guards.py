"""What keeps refs as they are: protection, rulesets, and what a push may bring at all."""

from __future__ import annotations

import os
from typing import Any

import pytest

from docklet_sandbox.forge.store import WORKFLOW_TOKEN
from tests.contract.sandbox_forge.conftest import REPO, Stand

_BASE = f"/repos/{REPO}"
_REFS = f"{_BASE}/git/refs"
_REASON = "Changes must be made through a pull request."
_FILE = {"message": "Write", "content": "bmV3Cg=="}
_KINDS = {
    "protection": ("error: GH006: Protected branch update failed for {}.", "remote: error: {}"),
    "ruleset": ("error: GH013: Repository rule violations found for {}.", "remote: - {}"),
}
_WORDS = {
    "protection": "(protected branch hook declined)",
    "ruleset": "(push declined due to repository rule violations)",
}


@pytest.mark.parametrize("kind", list(_KINDS))
@pytest.mark.parametrize(
    ("refspec", "facts", "reason"),
    [
        ("HEAD:refs/heads/kept", {}, _REASON),
        ("HEAD:refs/heads/kept", {"reason": 'Required status check "ci" is expected.'}, None),
        ("+HEAD^:refs/heads/kept", {"updates": False}, "Cannot force-push to this branch"),
        (":refs/heads/kept", {"updates": False}, "Cannot delete this protected branch"),
        ("HEAD:refs/heads/kept-new", {"creation": True, "reason": "Cannot create ref."}, None),
    ],
)
def test_guarded_branch_refuses(
    stand: Stand, kind: str, refspec: str, facts: dict[str, Any], reason: str | None
) -> None:
    """Commits, force, deletion and creation are refused in words of their own."""
    stand.client.commit(REPO, {"kept.txt": "kept"}, "kept")
    stand.client.protect(REPO, "kept*", kind, **facts)
    work = stand.clone("work", "--branch=kept")
    before = stand.client.branches(REPO)
    stand.commit(work, "mine.txt", "mine")
    if refspec.startswith("+"):
        stand.git("reset", "--quiet", "--hard", "HEAD^^", cwd=work)
        stand.commit(work, "aside.txt", "aside")
        refspec = "+HEAD:refs/heads/kept"
    refused = stand.push(work, refspec)
    head, line = _KINDS[kind]
    assert refused.returncode == 1
    assert head.format(refspec.rpartition(":")[2]) in refused.stderr
    assert line.format(reason or facts["reason"]) in refused.stderr
    assert _WORDS[kind] in refused.stderr
    assert stand.client.branches(REPO) == before


def test_guard_that_takes_commits(stand: Stand) -> None:
    """A branch may be guarded against force and deletion only."""
    stand.client.protect(REPO, updates=False)
    work = stand.clone()
    sha = stand.commit(work, "a.txt", "a")
    assert stand.push(work).returncode == 0
    assert stand.client.head(REPO) == sha


def test_who_may_bypass(stand: Stand) -> None:
    """Whom a rule does not bind is told that it was bypassed, others are refused."""
    stand.client.protect(REPO, kind="ruleset", bypass=["mona"])
    work = stand.clone()
    stand.commit(work, "a.txt", "a")
    refused = stand.git("push", stand.url(WORKFLOW_TOKEN), "HEAD:main", cwd=work)
    assert "GH013" in refused.stderr
    done = stand.push(work)
    assert done.returncode == 0
    assert "remote: Bypassed rule violations for refs/heads/main:" in done.stderr


@pytest.mark.parametrize(
    ("ref", "code"),
    [
        ("refs/heads/" + "a" * 40, "GH002: Sorry, branch or tag names consisting of 40 hex"),
        ("refs/tags/" + "0" * 40, "GH002: Sorry, branch or tag names consisting of 40 hex"),
        ("refs/heads/" + "x" * 245, "GH005: Sorry, refs longer than 255 bytes"),
    ],
)
def test_names_that_are_not_taken(stand: Stand, ref: str, code: str) -> None:
    """A name that looks like a commit, or is too long, is refused."""
    refused = stand.push(stand.clone(), f"HEAD:{ref}")
    assert f"remote: error: {code}" in refused.stderr
    assert "(pre-receive hook declined)" in refused.stderr


def test_pointer_to_a_large_file_that_is_not_there(stand: Stand) -> None:
    """A pointer is refused until what it points to was uploaded; old ones don't matter."""
    work = stand.clone()
    absent = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'5' * 64}\nsize 3\n"
    stand.commit(work, "large.bin", absent)
    refused = stand.push(work)
    assert "GH008: Your push referenced at least 1 unknown Git LFS object:" in refused.stderr
    assert f"remote:     {'5' * 64}" in refused.stderr
    stand.commit(work, "large.bin", stand.client.store_large(REPO, b"weights"))
    stand.git("reset", "--quiet", "--soft", "origin/main", cwd=work)
    stand.git("commit", "--quiet", "-m", "One", cwd=work)
    assert stand.push(work).returncode == 0


def test_push_that_is_too_big(stand: Stand) -> None:
    """A push is bounded as a whole, in git's words."""
    stand.client.call("limits", max_push_bytes=64 * 1024)
    work = stand.clone()
    stand.commit(work, "a.bin", os.urandom(128 * 1024))
    refused = stand.push(work)
    assert "pack exceeds maximum allowed size" in refused.stderr
    assert stand.client.pushes() == []
    stand.git("reset", "--quiet", "--hard", "HEAD^", cwd=work)
    stand.commit(work, "a.txt", "small")
    assert stand.push(work).returncode == 0


@pytest.mark.parametrize("kind", list(_KINDS))
@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (("PATCH", f"{_REFS}/heads/main", {"sha": "{new}"}), _REASON),
        (("PATCH", f"{_REFS}/heads/main", {"sha": "{aside}", "force": True}), "Cannot force-push"),
        (("DELETE", f"{_REFS}/heads/main", None), "Cannot delete this protected branch"),
        (("POST", _REFS, {"ref": "refs/heads/main-two", "sha": "{new}"}), _REASON),
        (("PUT", f"{_BASE}/contents/new.txt", _FILE), _REASON),
    ],
)
def test_guarded_branch_refuses_over_rest(
    stand: Stand, kind: str, asked: tuple[str, str, dict[str, Any] | None], reason: str
) -> None:
    """The REST API is no way around protection."""
    method, path, body = asked
    shas = {"new": stand.client.commit(REPO, {"new.txt": "new"}, "ahead")}
    stand.client.commit(REPO, {"more.txt": "more"})
    shas["aside"] = shas["new"]
    if method == "PATCH" and "force" not in (body or {}):
        stand.client.commit(REPO, {"next.txt": "next"}, "next")
        shas["new"] = stand.client.branches(REPO)["next"]
    stand.client.protect(REPO, "main*", kind, creation=True)
    before = stand.client.branches(REPO)
    filled = body and {k: v.format(**shas) if isinstance(v, str) else v for k, v in body.items()}
    refused = stand.ask(method, path, filled, token=WORKFLOW_TOKEN)
    assert refused.status == (409 if method == "PUT" else 422)
    assert reason in refused.json["message"]
    said = refused.json["message"].startswith("Repository rule violations found\n\n")
    assert said is (kind == "ruleset")
    assert stand.client.branches(REPO) == before


def test_refs_are_made_moved_and_deleted(stand: Stand) -> None:
    """Where nothing guards them refs go where they are sent, and pushes are remembered."""
    old = stand.client.head(REPO)
    new = stand.client.commit(REPO, {"a.txt": "a"})
    made = stand.ask("POST", _REFS, {"ref": "refs/heads/one", "sha": old})
    assert (made.status, made.json["object"]["sha"]) == (201, old)
    again = stand.ask("POST", _REFS, {"ref": "refs/heads/one", "sha": old})
    assert (again.status, again.json["message"]) == (422, "Reference already exists")
    moved = stand.ask("PATCH", f"{_REFS}/heads/one", {"sha": new})
    assert moved.json["object"]["sha"] == new
    back = stand.ask("PATCH", f"{_REFS}/heads/one", {"sha": old})
    assert (back.status, back.json["message"]) == (422, "Update is not a fast forward")
    assert stand.ask("PATCH", f"{_REFS}/heads/one", {"sha": old, "force": True}).status == 200
    assert stand.ask("DELETE", f"{_REFS}/heads/one").status == 204
    assert stand.ask("DELETE", f"{_REFS}/heads/one").json["message"] == "Reference does not exist"
    assert [push["forced"] for push in stand.client.pushes()] == [False, False, True, False]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"ref": "refs/heads/x", "sha": "1" * 40}, "Object does not exist"),
        ({"ref": "heads/x", "sha": "{head}"}, "Reference name"),
    ],
)
def test_refs_that_can_not_be(shared: Stand, body: dict[str, str], message: str) -> None:
    """A ref has a whole name and points to something."""
    head = shared.client.head(REPO) or ""
    filled = {key: value.format(head=head) for key, value in body.items()}
    refused = shared.ask("POST", _REFS, filled)
    assert refused.status == 422
    assert message in refused.json["message"]


def test_ref_to_a_workflow_of_a_fork(stand: Stand) -> None:
    """A commit that brings workflow files is put on no branch by a token without the right."""
    stand.client.create("hubot/template", parent=REPO)
    sha = stand.client.commit("hubot/template", {".github/workflows/x.yml": "on: push"}, "x")
    pull = {"head": "hubot:x", "base": "main", "title": "Add x"}
    assert stand.ask("POST", f"{_BASE}/pulls", pull).status == 201
    body = {"ref": "refs/heads/x", "sha": sha}
    assert stand.ask("POST", _REFS, body, token=WORKFLOW_TOKEN).status == 403
    assert stand.ask("POST", _REFS, body).status == 201


def test_file_is_written_over_only_when_seen(stand: Stand) -> None:
    """A file is new, or named by what it holds; who has not seen the newest is refused."""
    path = f"{_BASE}/contents/deep/new.txt"
    made = stand.ask("PUT", path, _FILE, token=WORKFLOW_TOKEN)
    assert made.status == 201
    assert stand.client.show(REPO, "deep/new.txt") == b"new\n"
    sha = made.json["content"]["sha"]
    blind = stand.ask("PUT", path, _FILE)
    assert (blind.status, blind.json["message"].endswith('"sha" wasn\'t supplied.')) == (422, True)
    stale = stand.ask("PUT", path, {**_FILE, "sha": "1" * 40})
    assert (stale.status, stale.json["message"]) == (
        409,
        f"deep/new.txt does not match {'1' * 40}",
    )
    assert stand.ask("PUT", path, {**_FILE, "content": "Mg==", "sha": sha}).status == 200
    gone = stand.ask("PUT", path, {**_FILE, "branch": "none"})
    assert (gone.status, gone.json["message"]) == (404, "Branch none not found")
    assert stand.ask("PUT", path, {**_FILE, "content": "?"}).status == 422
    (login,) = {push["login"] for push in stand.client.pushes()[:1]}
    assert login == "github-actions[bot]"


def test_empty_repository(shared: Stand) -> None:
    """A repository without commits says so."""
    shared.client.create("mona/empty")
    for path in ("/commits/main", "/commits/main/pulls"):
        answer = shared.ask("GET", f"/repos/mona/empty{path}")
        assert (answer.status, answer.json["message"]) == (409, "Git Repository is empty.")
    assert shared.ask("GET", "/repos/mona/empty/branches").json == []
