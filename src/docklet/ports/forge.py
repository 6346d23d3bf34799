"""What docklet needs of the forge's API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from docklet.domain.triage import Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A status comment on the forge."""

    comment_id: int
    url: str
    sha: str = ""
    """The commit that it is on."""
    body: str = ""
    edited: float = 0.0
    """Epoch second of its latest change."""


class Forge(Protocol):
    """The forge's API; every call is one request, unless its docstring says otherwise."""

    async def resolve(self, ref: str) -> str:
        """Return the commit SHA of a branch, tag or SHA."""

    async def default_branch(self) -> str:
        """Return the name of the repository's default branch."""

    async def create_comment(self, sha: str, body: str, *, marker: str) -> Comment:
        """Comment on a commit, exactly once.

        When the answer is lost, the comment is looked for by `marker` before it is sent again.
        """

    async def find_comment(self, sha: str, marker: str) -> Comment | None:
        """Return our own comment on a commit that has `marker` (all pages)."""

    async def recent_comments(self, since: float) -> tuple[Comment, ...]:
        """Return the comments on commits since an epoch second, newest first (those pages)."""

    async def edit_comment(self, comment: Comment, body: str) -> None:
        """Replace a comment's text; repeats itself on passing failures."""

    async def set_status(self, sha: str, state: str, description: str, target: str) -> None:
        """Set the commit status `docklet`: `pending`, `success`, `failure` or `error`."""

    async def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> str:
        """Open a pull request, or find the open one for `head`; return its URL."""

    async def workflow_run(self, run_id: int) -> Workflow:
        """Return how a workflow run is going; one that the token may not see is unknown."""

    async def public_keys(self, user: str) -> tuple[str, ...]:
        """Return a user's public SSH keys."""
