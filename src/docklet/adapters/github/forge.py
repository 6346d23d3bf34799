"""The forge's REST API, by PyGithub: what each request is for, and whether it may be repeated."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from docklet.adapters.github.calls import GitHubCalls
from docklet.adapters.github.checks import GitHubChecks
from docklet.adapters.github.comments import GitHubComments
from docklet.adapters.github.sentences import Purpose
from docklet.adapters.github.session import Session
from docklet.adapters.github.tries import BRIEF, Tries

if TYPE_CHECKING:
    from docklet.domain.diffstat import Diffstat
    from docklet.domain.place import Place
    from docklet.domain.secret import Secret
    from docklet.domain.triage import Workflow
    from docklet.ports import Check, Clock, Comment


class GitHubForge:
    """One repository on GitHub."""

    def __init__(
        self,
        repository: str,
        token: Secret,
        *,
        clock: Clock,
        api_url: str = "https://api.github.com",
    ) -> None:
        """Name the repository (`owner/name`); nothing is sent."""
        self._name = repository
        tries = Tries(clock)
        self._repeat, self._once = tries.repeat, tries.once
        session = Session(repository, token, api_url)
        self._calls = GitHubCalls(session)
        self._comments = GitHubComments(session)
        self._checks = GitHubChecks(session)

    async def resolve(self, ref: str) -> str:
        """Return the commit SHA of a branch, tag or SHA."""
        purpose = Purpose(action=f"look up `{ref}` in {self._name}", permission="contents: read")
        return await self._repeat(purpose, partial(self._calls.resolve, ref))

    async def count_lines(self, sha: str) -> Diffstat:
        """Count the lines of a commit; the first 100 files are told, the total is of all."""
        action = f"count the lines of commit {sha[:7]}"
        purpose = Purpose(action=action, permission="contents: read")
        return await self._repeat(purpose, partial(self._calls.count_lines, sha), BRIEF)

    async def default_branch(self) -> str:
        """Return the name of the repository's default branch."""
        purpose = Purpose(action=f"look up {self._name}", permission="metadata: read")
        return await self._repeat(purpose, self._calls.default_branch)

    async def pull_of(self, sha: str) -> int | None:
        """Return the number of the open pull request whose head a commit is (all pages)."""
        action = f"look up the pull request of commit {sha[:7]}"
        purpose = Purpose(action=action, permission="pull-requests: read")
        return await self._repeat(purpose, partial(self._comments.pull_of, sha), BRIEF)

    async def create_comment(self, place: Place, body: str, *, marker: str) -> Comment:
        """Comment at a place, exactly once."""
        purpose = Purpose(action=f"comment on {place.named}", permission=_permission(place))
        send = partial(self._comments.send, place, body)
        return await self._once(purpose, send, partial(self._comments.find, place, marker))

    async def find_comment(self, place: Place, marker: str) -> Comment | None:
        """Return our own comment at a place that has `marker` (all pages)."""
        action = f"read the comments on {place.named}"
        purpose = Purpose(action=action, permission=_permission(place, "read"))
        return await self._repeat(purpose, partial(self._comments.find, place, marker))

    async def recent_comments(self, since: float) -> tuple[Comment, ...]:
        """Return our comments since an epoch second, wherever they are (those pages)."""
        purpose = Purpose(action="read the comments on commits", permission="contents: read")
        return await self._repeat(purpose, partial(self._comments.recent, since))

    async def workflow_run(self, run_id: int) -> Workflow:
        """Return how a workflow run is going; one that the token may not see is unknown."""
        purpose = Purpose(action=f"look up workflow run {run_id}", permission="actions: read")
        return await self._repeat(purpose, partial(self._calls.workflow_run, run_id))

    async def edit_comment(self, comment: Comment, body: str) -> None:
        """Replace a comment's text; repeats itself on passing failures."""
        permission = _permission(comment.place)
        purpose = Purpose(action="edit the status comment", permission=permission)
        await self._repeat(purpose, partial(self._comments.edit, comment, body))

    async def set_status(self, sha: str, state: str, description: str, target: str) -> None:
        """Set the commit status; sending it twice is harmless, since the newest one counts."""
        purpose = Purpose(action=f"set the status of {sha[:7]}", permission="statuses: write")
        send = partial(self._calls.set_status, sha, state, description, target)
        await self._repeat(purpose, send)

    async def add_check(self, check: Check) -> None:
        """Show what is wrong with lines of a commit, exactly once; it fails nothing."""
        action = f"mark lines of commit {check.sha[:7]}"
        purpose = Purpose(action=action, permission="checks: write")
        send, find = partial(self._checks.send, check), partial(self._checks.find, check)
        await self._once(purpose, send, find, BRIEF)

    async def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> str:
        """Open a pull request, or find the open one for `head`; return its URL."""
        purpose = Purpose(
            action=f"open a pull request from `{head}` to `{base}`",
            permission="pull-requests: write",
        )
        send = partial(self._calls.send_pull, head, base, title, body)
        return await self._once(purpose, send, partial(self._calls.find_pull, head, base))

    async def public_keys(self, user: str) -> tuple[str, ...]:
        """Return a user's public SSH keys."""
        purpose = Purpose(action=f"list the public keys of `{user}`", permission="metadata: read")
        return await self._repeat(purpose, partial(self._calls.public_keys, user))


def _permission(place: Place, level: str = "write") -> str:
    """Return the permission that comments at a place take."""
    return f"{'contents' if place.issue is None else 'pull-requests'}: {level}"
