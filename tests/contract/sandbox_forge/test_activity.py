"""What the forge notes of pushes, who is in a team, and objects that no ref has yet."""

from __future__ import annotations

import pytest

from docklet_sandbox.forge.store import PERSONAL_TOKEN, WORKFLOW_TOKEN
from tests.contract.sandbox_forge.conftest import REPO, Stand

_BASE = f"/repos/{REPO}"
_TREE = f"{_BASE}/git/trees"
_COMMIT = f"{_BASE}/git/commits"


def noted(stand: Stand, query: str = "") -> list[tuple[str, str]]:
    """Return what was done to which ref, as it is listed."""
    found = stand.ask("GET", f"{_BASE}/activity{query}", token=WORKFLOW_TOKEN).json
    return [(one["activity_type"], one["ref"]) for one in found]


def test_activity(stand: Stand) -> None:
    """Pushes to branches are listed, the newest first, by whom and of which kind."""
    old = stand.client.head(REPO) or ""
    new = stand.client.call("push", repo=REPO, files={"a": "b"}, login="ada")
    stand.ask("POST", f"{_BASE}/git/refs", {"ref": "refs/heads/side", "sha": new})
    stand.ask("PATCH", f"{_BASE}/git/refs/heads/side", {"sha": old, "force": True})
    stand.ask("DELETE", f"{_BASE}/git/refs/heads/side")
    stand.ask("POST", f"{_BASE}/git/refs", {"ref": "refs/docklet/spend", "sha": new})
    side, main = "refs/heads/side", "refs/heads/main"
    every = [("branch_deletion", side), ("force_push", side), ("branch_creation", side)]
    assert noted(stand) == [*every, ("push", main)]
    assert noted(stand, "?direction=asc&per_page=1") == [("push", main)]
    assert noted(stand, f"?ref={main}") == [("push", main)]
    assert noted(stand, "?activity_type=force_push") == [("force_push", side)]
    assert noted(stand, "?actor=ada") == [("push", main)]
    (first,) = stand.ask("GET", f"{_BASE}/activity?actor=ada").json
    assert (first["before"], first["after"], first["actor"]["login"]) == (old, new, "ada")
    assert stand.journal.violations() == []


def test_activity_is_by_the_forges_clock(stand: Stand) -> None:
    """When something was pushed is nothing that its author can say."""
    stand.client.call("push", repo=REPO, files={"a": "b"}, at=1_700_000_000, dated=1_600_000_000)
    (only,) = stand.ask("GET", f"{_BASE}/activity").json
    assert only["timestamp"] == "2023-11-14T22:13:20Z"
    assert noted(stand, "?time_period=day") == []


def test_team(stand: Stand) -> None:
    """People are told who is in a team; a workflow's token is told nothing."""
    stand.client.call("team", team="acme/runners", login="ada")
    path = "/orgs/acme/teams/runners/memberships"
    found = stand.ask("GET", f"{path}/ada", token=PERSONAL_TOKEN)
    assert (found.status, found.json["state"]) == (200, "active")
    assert stand.ask("GET", f"{path}/eve", token=PERSONAL_TOKEN).status == 404
    assert stand.ask("GET", f"{path}/ada", token=WORKFLOW_TOKEN).status == 403
    assert stand.ask("GET", f"{path}/ada", token=None).status == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (_TREE, {"tree": [{"path": "a", "mode": "100644", "type": "blob", "sha": "1" * 40}]}),
        (_TREE, {"tree": [{"path": "a/b", "mode": "100644", "type": "blob", "content": ""}]}),
        (_COMMIT, {"message": "m", "tree": "1" * 40, "parents": []}),
        (_COMMIT, {"message": "m", "tree": "main", "parents": ["1" * 40]}),
    ],
)
def test_objects_of_what_is_not_there(stand: Stand, path: str, body: dict[str, object]) -> None:
    """Nothing is made of files without content, or on top of what there is not."""
    assert stand.ask("POST", path, body).status == 422
    assert stand.ask("POST", path, body, token=None).status == 401
