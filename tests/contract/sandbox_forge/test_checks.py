"""Check runs: who may write them, what they say, and what GitHub does not take."""

from __future__ import annotations

from typing import Any

import pytest

from docklet_sandbox.forge.store import PERSONAL_TOKEN, WORKFLOW_TOKEN
from tests.contract.sandbox_forge.conftest import REPO, Stand
from tests.contract.sandbox_forge.plain import Answer

_CHECKS = f"/repos/{REPO}/check-runs"
_LINE = {
    "path": "inst/examples/knit.R",
    "start_line": 1,
    "end_line": 1,
    "annotation_level": "failure",
    "message": "object 'x' not found",
}


def _made(stand: Stand, token: str = WORKFLOW_TOKEN, **said: Any) -> Answer:  # noqa: ANN401
    """Add a check run to main."""
    body = {"name": "docklet", "head_sha": stand.client.head(REPO), **said}
    return stand.ask("POST", _CHECKS, body, token=token)


def _output(*annotations: dict[str, Any]) -> dict[str, Any]:
    return {"title": "One line", "summary": "Where it stopped.", "annotations": [*annotations]}


def test_check_lives(stand: Stand) -> None:
    """A check run begins, gets annotations, is concluded, and is found by its commit."""
    begun = _made(stand, status="in_progress", external_id="run")
    assert (begun.status, begun.json["conclusion"]) == (201, None)
    one = f"{_CHECKS}/{begun.json['id']}"
    more = {"output": _output(_LINE)}
    assert stand.ask("PATCH", one, more, token=WORKFLOW_TOKEN).json["status"] == "in_progress"
    edited = stand.ask("PATCH", one, more | {"conclusion": "neutral"}, token=WORKFLOW_TOKEN)
    assert (edited.json["status"], edited.json["conclusion"]) == ("completed", "neutral")
    assert edited.json["output"]["annotations_count"] == 2
    assert stand.ask("GET", one).json == edited.json
    listed = stand.ask("GET", f"{one}/annotations").json
    assert [(a["path"], a["start_line"]) for a in listed] == [("inst/examples/knit.R", 1)] * 2
    found = stand.ask("GET", f"/repos/{REPO}/commits/main/check-runs?check_name=docklet").json
    assert [c["external_id"] for c in found["check_runs"]] == ["run"]
    assert stand.client.checks(REPO)[0]["annotations"] == [_LINE, _LINE]


def test_latest_of_a_name(stand: Stand) -> None:
    """Of several check runs with one name the latest is listed, unless all are asked for."""
    for external_id in ("first", "second"):
        _made(stand, external_id=external_id, conclusion="neutral")
    path = f"/repos/{REPO}/commits/main/check-runs"
    assert [c["external_id"] for c in stand.ask("GET", path).json["check_runs"]] == ["second"]
    assert stand.ask("GET", f"{path}?filter=all").json["total_count"] == 2
    assert stand.ask("GET", f"{path}?filter=all&check_name=other").json["total_count"] == 0


@pytest.mark.parametrize(
    ("grants", "message"),
    [
        ({"checks": "read", "statuses": "write"}, "Resource not accessible by integration"),
        ({"contents": "write"}, "Resource not accessible by integration"),
        (None, "You must authenticate via a GitHub App."),
    ],
)
def test_who_may_not_write(stand: Stand, grants: dict[str, str] | None, message: str) -> None:
    """A token without the permission may not, and no person's at all."""
    token = PERSONAL_TOKEN
    if grants is not None:
        token = "ghs_narrow"
        stand.client.token(token, "github-actions[bot]", grants)
    refused = _made(stand, token, conclusion="neutral")
    assert (refused.status, refused.json["message"]) == (403, message)
    assert stand.client.checks(REPO) == []


@pytest.mark.parametrize(
    "said",
    [
        {"status": "completed"},
        {"output": _output({**_LINE, "end_line": 0})},
        {"output": _output({**_LINE, "title": "x" * 256})},
        {"output": _output({**_LINE, "message": "x" * (64 * 1024 + 1)})},
        {"head_sha": "0" * 40},
    ],
    ids=["no conclusion", "backwards", "long title", "long message", "no commit"],
)
def test_what_a_check_may_not_say(shared: Stand, said: dict[str, Any]) -> None:
    """What GitHub documents as a limit is refused."""
    assert _made(shared, **said).status == 422
    assert shared.client.checks(REPO) == []


@pytest.mark.parametrize(
    "output",
    [
        {"title": "t", "annotations": [_LINE]},
        _output(*[_LINE] * 51),
        _output({**_LINE, "annotation_level": "error"}),
        _output({k: v for k, v in _LINE.items() if k != "message"}),
    ],
    ids=["no summary", "too many", "no level", "no message"],
)
def test_ill_formed_output(undescribed: Stand, output: dict[str, Any]) -> None:
    """An output that is not of GitHub's form is refused."""
    assert _made(undescribed, output=output).status == 422


def test_path_from_outside(stand: Stand) -> None:
    """No client of ours may send a path that is none of the repository's."""
    assert _made(stand, output=_output({**_LINE, "path": "/work/a.py"})).status == 500
    assert len(stand.journal.violations()) == 1
