"""A forge in memory."""

from __future__ import annotations

from itertools import count

from docklet.domain.errors import ForgeGone
from docklet.domain.triage import Workflow
from docklet.ports import Comment


class FakeForge:
    """A forge that remembers every call; failures wait in a queue for each method."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.comments: dict[int, str] = {}
        self.places: dict[int, str] = {}
        """The commits that comments are on."""
        self.edited: dict[int, float] = {}
        """When comments were changed last, where a test cares."""
        self.workflows: dict[int, Workflow] = {}
        self.statuses: list[tuple[str, str, str, str]] = []
        self.pull_requests: list[tuple[str, str, str, str]] = []
        self.keys: dict[str, tuple[str, ...]] = {}
        self.revisions: dict[str, str] = {}
        self.failures: dict[str, list[Exception]] = {}
        self._ids = count(1)

    def _called(self, name: str) -> None:
        """Note a call; fail if the test wants it."""
        self.calls.append(name)
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    async def resolve(self, ref: str) -> str:
        """Return the SHA that the test gave `ref`."""
        self._called("resolve")
        if ref not in self.revisions:
            message = f"There is no `{ref}`."
            raise ForgeGone(message)
        return self.revisions[ref]

    async def default_branch(self) -> str:
        """Return `main`."""
        self._called("default_branch")
        return "main"

    async def create_comment(self, sha: str, body: str, *, marker: str) -> Comment:
        """Keep a comment."""
        self._called("create_comment")
        assert body.startswith(marker)
        number = next(self._ids)
        self.comments[number] = body
        self.places[number] = sha
        url = f"https://github.com/octo/template/commit/{sha}#commitcomment-{number}"
        return Comment(comment_id=number, url=url)

    async def find_comment(self, sha: str, marker: str) -> Comment | None:
        """Find a comment on the commit that it was made on."""
        self._called("find_comment")
        return next((one for one in self._shown() if one.sha == sha and marker in one.body), None)

    async def recent_comments(self, since: float) -> tuple[Comment, ...]:
        """Return the comments that the test did not make old, newest first."""
        self._called("recent_comments")
        return tuple(reversed([one for one in self._shown() if one.edited >= since]))

    def _shown(self) -> list[Comment]:
        """Return all comments as they are now."""
        return [
            Comment(
                comment_id=number,
                url=f"https://github.com/octo/template/commit/{self.places[number]}#{number}",
                sha=self.places[number],
                body=body,
                edited=self.edited.get(number, float("inf")),
            )
            for number, body in self.comments.items()
        ]

    async def workflow_run(self, run_id: int) -> Workflow:
        """Return what the test said of the workflow run."""
        self._called("workflow_run")
        return self.workflows.get(run_id, Workflow.UNKNOWN)

    async def edit_comment(self, comment: Comment, body: str) -> None:
        """Replace a comment that is still there."""
        self._called("edit_comment")
        if comment.comment_id not in self.comments:
            message = "The comment is gone: somebody deleted it."
            raise ForgeGone(message)
        self.comments[comment.comment_id] = body

    async def set_status(self, sha: str, state: str, description: str, target: str) -> None:
        """Keep a status."""
        self._called("set_status")
        self.statuses.append((sha, state, description, target))

    async def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> str:
        """Keep a pull request, or find the one for these branches."""
        self._called("open_pull_request")
        branches = [pull[:2] for pull in self.pull_requests]
        if (head, base) in branches:
            number = branches.index((head, base)) + 1
            return f"https://github.com/octo/template/pull/{number}"
        self.pull_requests.append((head, base, title, body))
        return f"https://github.com/octo/template/pull/{len(self.pull_requests)}"

    async def public_keys(self, user: str) -> tuple[str, ...]:
        """Return the keys that the test gave `user`."""
        self._called("public_keys")
        if user not in self.keys:
            message = f"There is no `{user}`."
            raise ForgeGone(message)
        return self.keys[user]
