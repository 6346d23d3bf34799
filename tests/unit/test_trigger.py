"""Events say which commit is run, on which branch, for whom."""

from __future__ import annotations

from typing import Any

import pytest

from docklet.domain.errors import InvalidInputs
from docklet.domain.trigger import job_slot, trigger_of

ENVIRON = {
    "GITHUB_REPOSITORY": "o/n",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_REF": "refs/heads/topic/x",
    "GITHUB_ACTOR": "ada",
    "GITHUB_RUN_ID": "7",
    "GITHUB_JOB": "job",
}
HEAD = {"pull_request": {"head": {"sha": "b" * 40, "ref": "feature"}}}


@pytest.mark.parametrize(
    ("name", "event", "sha", "branch"),
    [
        ("workflow_dispatch", {}, "a" * 40, "topic/x"),
        ("push", {"after": "c" * 40}, "c" * 40, "topic/x"),
        ("pull_request", HEAD, "b" * 40, "feature"),
    ],
)
def test_events(name: str, event: dict[str, Any], sha: str, branch: str) -> None:
    """Dispatch, push and pull request events each name their commit."""
    trigger = trigger_of({**ENVIRON, "GITHUB_EVENT_NAME": name}, event)
    assert (trigger.sha, trigger.branch, trigger.actor) == (sha, branch, "ada")
    assert trigger.run_url == "https://github.com/o/n/actions/runs/7"


def test_tag_has_no_branch() -> None:
    """A tag is on no branch."""
    assert trigger_of({**ENVIRON, "GITHUB_REF": "refs/tags/v1"}, {}).branch == ""


def test_deleted_branch() -> None:
    """A push that deletes a branch has no commit to run."""
    with pytest.raises(InvalidInputs, match="deleted"):
        trigger_of({**ENVIRON, "GITHUB_EVENT_NAME": "push"}, {"after": "0" * 40})


@pytest.mark.parametrize("name", ["GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB"])
def test_slots_tell_jobs_apart(name: str) -> None:
    """Another run, attempt or job has another slot."""
    assert job_slot(ENVIRON) == job_slot(dict(ENVIRON))
    assert job_slot(ENVIRON) != job_slot({**ENVIRON, name: "other"})
