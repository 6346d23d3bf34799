"""What docklet needs of the forge's API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from docklet.domain.annotation import Annotation
    from docklet.domain.diffstat import Diffstat
    from docklet.domain.place import Place
    from docklet.domain.triage import Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A status comment on the forge."""

    comment_id: int
    url: str
    place: Place
    """Where it is; without the commit when it was found in a list of all conversations."""
    body: str = ""
    edited: float = 0.0
    """Epoch second of its latest change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Lines of a commit's files, and what is wrong with them."""

    sha: str
    run: str
    """Key of the run that it is about, by which it is found again."""
    title: str
    summary: str
    target: str
    """Address of a page that tells more; empty without one."""
    lines: tuple[Annotation, ...]


class Forge(Protocol):
    """The forge's API; every call is one request, unless its docstring says otherwise."""

    async def resolve(self, ref: str) -> str:
        """Return the commit SHA of a branch, tag or SHA."""

    async def count_lines(self, sha: str) -> Diffstat:
        """Count the lines of a commit; the first 100 files are told, the total is of all."""

    async def default_branch(self) -> str:
        """Return the name of the repository's default branch."""

    async def pull_of(self, sha: str) -> int | None:
        """Return the number of the open pull request whose head a commit is (all pages)."""

    async def create_comment(self, place: Place, body: str, *, marker: str) -> Comment:
        """Comment at a place, exactly once.

        When the answer is lost, the comment is looked for by `marker` before it is sent again.
        """

    async def find_comment(self, place: Place, marker: str) -> Comment | None:
        """Return our own comment at a place that has `marker` (all pages)."""

    async def recent_comments(self, since: float) -> tuple[Comment, ...]:
        """Return our comments since an epoch second, wherever they are (those pages)."""

    async def edit_comment(self, comment: Comment, body: str) -> None:
        """Replace a comment's text; repeats itself on passing failures."""

    async def set_status(self, sha: str, state: str, description: str, target: str) -> None:
        """Set the commit status `docklet`: `pending`, `success`, `failure` or `error`."""

    async def add_check(self, check: Check) -> None:
        """Show what is wrong with lines of a commit, exactly once; it fails nothing."""

    async def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> str:
        """Open a pull request, or find the open one for `head`; return its URL."""

    async def workflow_run(self, run_id: int) -> Workflow:
        """Return how a workflow run is going; one that the token may not see is unknown."""

    async def public_keys(self, user: str) -> tuple[str, ...]:
        """Return a user's public SSH keys."""
