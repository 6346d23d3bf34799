"""What the forge keeps and never changes: statuses, runs of workflows, pushes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
class CheckRun:
    """A check of a commit, with annotations on lines of its files."""

    id: int
    sha: str
    name: str
    login: str
    status: str = "queued"
    conclusion: str | None = None
    details_url: str | None = None
    external_id: str | None = None
    started: str | None = None
    """ISO 8601 time, as it was given."""
    completed: str | None = None
    output: Mapping[str, Any] = field(default_factory=dict)
    """Title, summary and text."""
    annotations: tuple[Mapping[str, Any], ...] = ()
    """All that were ever sent, in order."""


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
