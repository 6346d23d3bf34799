"""Who asked for a run, from where, and for which commit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from docklet.domain import values
from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.identity import slot_of
from docklet.domain.outcome import Reason
from docklet.domain.payload import at

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """The event that a run answers."""

    repository: str
    """`owner/name`."""
    sha: str
    """The commit that the event is about; full hex SHA."""
    branch: str
    """The branch that it is on; empty when it is on none (a tag, a detached head)."""
    actor: str = ""
    """Login of the person who asked; empty when unknown."""
    author: str = ""
    """`Name <mail>` who signs the results; empty to derive it from the actor."""
    event: str = ""
    """The event's name, such as `workflow_dispatch` or `push`; empty on the command line."""
    run_url: str = ""
    """Page of the workflow run; empty on the command line."""
    slot: str = ""
    """8 hex digits that stand for this job; see `identity.slot_of`."""
    issue: int | None = None
    """Number of the pull request or issue in which the run was asked for; None for none."""

    @property
    def workflow_run(self) -> int | None:
        """The workflow run's id; None on the command line."""
        number = self.run_url.rpartition("/actions/runs/")[2]
        return int(number) if number.isascii() and number.isdigit() else None

    @property
    def owner(self) -> str:
        """The repository's owner."""
        return self.repository.partition("/")[0]


_PULL: Final = "pull_request"
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HEADS: Final = "refs/heads/"
_NOWHERE: Final = "0" * 40


def trigger_of(environ: Mapping[str, str], event: Mapping[str, Any]) -> Trigger:
    """Read the trigger from the runner's variables and the event's payload.

    Raises `InvalidInputs` when the event is about no commit.
    """
    name = environ.get("GITHUB_EVENT_NAME", "")
    sha, branch = _commit(name, environ, event)
    if not sha or sha == _NOWHERE:
        message = (
            f"The event `{values.shown(name)}` is about no commit (a branch was probably deleted),"
            " so there is nothing to run. Exclude such events in the workflow."
        )
        raise InvalidInputs((Problem(name="event", message=message),), reason=Reason.INVALID_EVENT)
    return Trigger(
        repository=environ["GITHUB_REPOSITORY"],
        sha=sha,
        branch=branch,
        actor=environ.get("GITHUB_ACTOR", ""),
        event=name,
        run_url=run_url_of(environ),
        slot=job_slot(environ),
        issue=_issue(name, event),
    )


def run_url_of(environ: Mapping[str, str]) -> str:
    """Return the page of the workflow run that these variables describe; empty outside of one."""
    run, repository = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_REPOSITORY", "")
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    return f"{server}/{repository}/actions/runs/{run}" if run else ""


def job_slot(environ: Mapping[str, str]) -> str:
    """Return the slot of the job that these variables describe.

    A job's steps run one after another, and the jobs of a matrix on runners of their own, so these
    five tell a job's droplets from all others that may be alive.
    """
    names = ("REPOSITORY", "RUN_ID", "RUN_ATTEMPT", "JOB")
    parts = [environ.get(f"GITHUB_{name}", "") for name in names]
    return slot_of(*parts, environ.get("RUNNER_NAME", ""))


def _commit(name: str, environ: Mapping[str, str], event: Mapping[str, Any]) -> tuple[str, str]:
    """Return the commit and the branch that an event is about, each empty if there is none."""
    if name == _PULL:
        sha, branch = at(event, _PULL, "head", "sha"), at(event, _PULL, "head", "ref")
        return _sha(sha), _branch(branch)
    ref = environ.get("GITHUB_REF", "")
    branch = ref.removeprefix(_HEADS) if ref.startswith(_HEADS) else ""
    sha = at(event, "after") if name == "push" else ""
    return _sha(sha or environ.get("GITHUB_SHA", "")), _branch(branch)


def _issue(name: str, event: Mapping[str, Any]) -> int | None:
    """Return the number of the pull request that an event is about."""
    number = at(event, _PULL, "number") if name == _PULL else None
    return number if type(number) is int and number > 0 else None


def _sha(value: object) -> str:
    """Return a commit; empty when the value is none."""
    return value if isinstance(value, str) and _SHA.fullmatch(value) else ""


def _branch(value: object) -> str:
    """Return a branch; empty when the value is none that git would take."""
    try:
        return values.branch(value) if isinstance(value, str) and value else ""
    except ValueError:
        return ""
