"""The forge's REST API, by PyGithub.

PyGithub would send a comment again after a lost answer, never an edit, and would sleep for
minutes deaf to a cancelled run. So it sends everything once, in a daemon thread, and what to do
next is decided here, on the loop.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from docklet.adapters.github.calls import GitHubCalls
from docklet.adapters.github.errors import Fate, explained, failures, fate_of, pause_of
from docklet.adapters.github.sentences import Purpose
from docklet.adapters.threads import in_daemon_thread
from docklet.domain.backoff import jittered

if TYPE_CHECKING:
    from collections.abc import Callable

    from docklet.domain.secret import Secret
    from docklet.domain.triage import Workflow
    from docklet.ports import Clock, Comment

    T = TypeVar("T")

_WAITS: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds after each failure; six tries in half a minute bridge GitHub's usual hiccups."""


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
        self._clock = clock
        self._calls = GitHubCalls(repository, token, api_url)

    async def resolve(self, ref: str) -> str:
        """Return the commit SHA of a branch, tag or SHA."""
        purpose = Purpose(action=f"look up `{ref}` in {self._name}", permission="contents: read")
        return await self._repeat(purpose, partial(self._calls.resolve, ref))

    async def default_branch(self) -> str:
        """Return the name of the repository's default branch."""
        purpose = Purpose(action=f"look up {self._name}", permission="metadata: read")
        return await self._repeat(purpose, self._calls.default_branch)

    async def create_comment(self, sha: str, body: str, *, marker: str) -> Comment:
        """Comment on a commit, exactly once."""
        purpose = Purpose(action=f"comment on commit {sha[:7]}", permission="contents: write")
        send = partial(self._calls.send_comment, sha, body)
        return await self._once(purpose, send, partial(self._calls.find_comment, sha, marker))

    async def find_comment(self, sha: str, marker: str) -> Comment | None:
        """Return our own comment on a commit that has `marker` (all pages)."""
        purpose = Purpose(action=f"read the comments on {sha[:7]}", permission="contents: read")
        return await self._repeat(purpose, partial(self._calls.find_comment, sha, marker))

    async def recent_comments(self, since: float) -> tuple[Comment, ...]:
        """Return our comments on commits since an epoch second, newest first (those pages)."""
        purpose = Purpose(action="read the comments on commits", permission="contents: read")
        return await self._repeat(purpose, partial(self._calls.recent_comments, since))

    async def workflow_run(self, run_id: int) -> Workflow:
        """Return how a workflow run is going; one that the token may not see is unknown."""
        purpose = Purpose(action=f"look up workflow run {run_id}", permission="actions: read")
        return await self._repeat(purpose, partial(self._calls.workflow_run, run_id))

    async def edit_comment(self, comment: Comment, body: str) -> None:
        """Replace a comment's text; repeats itself on passing failures."""
        purpose = Purpose(action="edit the status comment", permission="contents: write")
        await self._repeat(purpose, partial(self._calls.edit_comment, comment.comment_id, body))

    async def set_status(self, sha: str, state: str, description: str, target: str) -> None:
        """Set the commit status; sending it twice is harmless, since the newest one counts."""
        purpose = Purpose(action=f"set the status of {sha[:7]}", permission="statuses: write")
        send = partial(self._calls.set_status, sha, state, description, target)
        await self._repeat(purpose, send)

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

    async def _repeat(self, purpose: Purpose, call: Callable[[], T]) -> T:
        """Make a call that may be made again, until it works or no further try will help."""
        for wait in _WAITS:
            try:
                return await in_daemon_thread(call)
            except failures() as error:
                await self._pause(error, wait, purpose)
        return await self._last(purpose, call)

    async def _once(
        self, purpose: Purpose, send: Callable[[], T], find: Callable[[], T | None]
    ) -> T:
        """Make a call that must not take effect twice: look before making it again."""
        for wait in _WAITS:
            try:
                return await in_daemon_thread(send)
            except failures() as error:
                await self._pause(error, wait, purpose)
                lost = fate_of(error, self._clock.now()) is Fate.UNKNOWN
            found = await self._repeat(purpose, find) if lost else None
            if found is not None:
                return found
        return await self._last(purpose, send)

    async def _last(self, purpose: Purpose, call: Callable[[], T]) -> T:
        """Make a call for the last time."""
        try:
            return await in_daemon_thread(call)
        except failures() as error:
            raise explained(error, purpose) from error

    async def _pause(self, error: Exception, wait: float, purpose: Purpose) -> None:
        """Wait before another try; raise if that would be in vain."""
        now = self._clock.now()
        if fate_of(error, now) is Fate.REFUSED:
            raise explained(error, purpose) from error
        await self._clock.sleep(max(jittered(wait, self._clock.random()), pause_of(error, now)))
