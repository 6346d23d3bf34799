"""Who may talk where: what routes about issues, their comments and reactions all ask first.

A pull request's conversation is the issue of the same number, and either grant is enough there.
"""

from __future__ import annotations

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.model import Issue
from docklet_sandbox.forge.tokens import Level, Permission
from docklet_sandbox.forge.visit import Visit

BOTH = (Permission.ISSUES, Permission.PULL_REQUESTS)


def issue_of(here: Visit, number: int, level: Level = Level.READ) -> Issue:
    """Return an issue or a pull request's conversation, if the token may have it at this level."""
    issue = here.repo.issues.get(number)
    if issue is None:
        raise errors.not_found()
    if issue.deleted:
        raise GitHubError(410, "This issue was deleted")
    if number not in here.repo.pulls:
        _check_issues(here, level)
    return issue


def check_open(here: Visit, *, locked: bool, subject: str) -> None:
    """Refuse those who can't write to the repository where a conversation is locked."""
    if locked and not here.repo.role(here.login).may_write:
        raise GitHubError(403, f"Unable to create comment because {subject} is locked.")


def check_enabled(here: Visit) -> None:
    """Refuse where a repository has no issues."""
    if not here.repo.has_issues:
        raise GitHubError(410, "Issues are disabled for this repo")


def _check_issues(here: Visit, level: Level) -> None:
    """Refuse a token that was granted pull requests only."""
    asked = level is Level.WRITE or here.repo.private
    if asked and here.token and not here.token.covers(Permission.ISSUES, level):
        raise errors.inaccessible(here.token)
