"""Who asked for a run, from where, and for which commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from docklet.domain import values
from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.identity import slot_of
from docklet.domain.outcome import Reason

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

    @property
    def workflow_run(self) -> int | None:
        """The workflow run's id; None on the command line."""
        number = self.run_url.rpartition("/actions/runs/")[2]
        return int(number) if number.isascii() and number.isdigit() else None

    @property
    def owner(self) -> str:
        """The repository's owner."""
        return self.repository.partition("/")[0]


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
    repository = environ["GITHUB_REPOSITORY"]
    run = environ.get("GITHUB_RUN_ID", "")
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    return Trigger(
        repository=repository,
        sha=sha,
        branch=branch,
        actor=environ.get("GITHUB_ACTOR", ""),
        event=name,
        run_url=f"{server}/{repository}/actions/runs/{run}" if run else "",
        slot=job_slot(environ),
    )


def job_slot(environ: Mapping[str, str]) -> str:
    """Return the slot of the job that these variables describe.

    A job's steps run one after another, and the jobs of a matrix on runners of their own, so these
    five tell a job's droplets from all others that may be alive.
    """
    names = ("REPOSITORY", "RUN_ID", "RUN_ATTEMPT", "JOB")
    parts = [environ.get(f"GITHUB_{name}", "") for name in names]
    return slot_of(*parts, environ.get("RUNNER_NAME", ""))


def _commit(name: str, environ: Mapping[str, str], event: Mapping[str, Any]) -> tuple[str, str]:
    """Return the commit and the branch that an event is about."""
    if name == "pull_request":
        head = event.get("pull_request", {}).get("head", {})
        return str(head.get("sha", "")), str(head.get("ref", ""))
    ref = environ.get("GITHUB_REF", "")
    branch = ref.removeprefix(_HEADS) if ref.startswith(_HEADS) else ""
    sha = event.get("after", "") if name == "push" else ""
    return str(sha or environ.get("GITHUB_SHA", "")), branch
