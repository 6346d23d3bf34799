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
HEAD = {"pull_request": {"number": 7, "head": {"sha": "b" * 40, "ref": "feature"}}}


@pytest.mark.parametrize(
    ("name", "event", "sha", "branch", "issue"),
    [
        ("workflow_dispatch", {}, "a" * 40, "topic/x", None),
        ("push", {"after": "c" * 40}, "c" * 40, "topic/x", None),
        ("pull_request", HEAD, "b" * 40, "feature", 7),
    ],
)
def test_events(
    name: str, event: dict[str, Any], sha: str, branch: str, issue: int | None
) -> None:
    """Dispatch, push and pull request events each name their commit, the last its number too."""
    trigger = trigger_of({**ENVIRON, "GITHUB_EVENT_NAME": name}, event)
    assert (trigger.sha, trigger.branch, trigger.actor) == (sha, branch, "ada")
    assert trigger.issue == issue
    assert trigger.run_url == "https://github.com/o/n/actions/runs/7"


@pytest.mark.parametrize("number", [None, "7", 0, -1, 1.5, True])
def test_number_that_is_none(number: object) -> None:
    """What is no number is taken for none."""
    event = {"pull_request": {**HEAD["pull_request"], "number": number}}
    assert trigger_of({**ENVIRON, "GITHUB_EVENT_NAME": "pull_request"}, event).issue is None


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


@pytest.mark.parametrize(
    "ref", ["--upload-pack=x", "a b", "a\nb", "a..b", "@", 5, None, ["x"], {}]
)
def test_branch_that_git_would_not_take(ref: object) -> None:
    """A name that no branch can have is no branch, whatever the event says."""
    event = {"pull_request": {"head": {"sha": "b" * 40, "ref": ref}}}
    assert trigger_of({**ENVIRON, "GITHUB_EVENT_NAME": "pull_request"}, event).branch == ""


@pytest.mark.parametrize("sha", ["", "HEAD", "--all", "b" * 39, "B" * 40, 7, None, ["b" * 40]])
def test_commit_that_is_none(sha: object) -> None:
    """What is no full SHA is no commit, so there is nothing to run."""
    event = {"pull_request": {"head": {"sha": sha, "ref": "feature"}}}
    with pytest.raises(InvalidInputs, match="about no commit"):
        trigger_of({**ENVIRON, "GITHUB_EVENT_NAME": "pull_request"}, event)
