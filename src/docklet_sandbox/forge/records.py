"""What the forge keeps and never changes: statuses, runs of workflows, pushes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A commit status; the newest of a context counts."""

    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    login: str
    created: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun:
    """A run of a workflow, as a look at it through the API shows."""

    id: int
    name: str = "docklet"
    event: str = "push"
    head_branch: str | None = "main"
    head_sha: str
    status: str = "in_progress"
    conclusion: str | None = None
    login: str
    attempt: int = 1
    created: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """An update of one ref that the forge accepted."""

    at: float
    repository: str
    ref: str
    old: str
    new: str
    login: str
    forced: bool
    """Whether commits of an existing branch were thrown away."""
