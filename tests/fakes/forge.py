"""A forge in memory."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from docklet.domain.diffstat import Diffstat, Lines
from docklet.domain.errors import ForgeError, ForgeGone
from docklet.domain.outcome import Reason
from docklet.domain.place import Place
from docklet.domain.triage import Workflow
from docklet.ports import Check, Comment


class FakeForge:
    """A forge that remembers every call; failures wait in a queue for each method."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.comments: dict[int, str] = {}
        self.places: dict[int, Place] = {}
        """Where comments are."""
        self.pulls: dict[str, int] = {}
        """The open pull request of a commit."""
        self.locked: set[int | None] = set()
        """Conversations that take no comment; None for the commits' own."""
        self.lost_answers = 0
        """How many comments are made though the maker only learns that something went wrong."""
        self.edited: dict[int, float] = {}
        """When comments were changed last, where a test cares."""
        self.workflows: dict[int, Workflow] = {}
        self.checks: list[Check] = []
        self.statuses: list[tuple[str, str, str, str]] = []
        self.pull_requests: list[tuple[str, str, str, str]] = []
        self.keys: dict[str, tuple[str, ...]] = {}
        self.revisions: dict[str, str] = {}
        self.lines: dict[str, Lines] = {}
        """What every commit does to files."""
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

    async def count_lines(self, sha: str) -> Diffstat:
        """Return the lines that the test gave."""
        self._called("count_lines")
        assert sha
        counts = self.lines.values()
        total = Lines(
            added=sum(one.added for one in counts), removed=sum(one.removed for one in counts)
        )
        return Diffstat(total=total, files=self.lines)

    async def default_branch(self) -> str:
        """Return `main`."""
        self._called("default_branch")
        return "main"

    async def pull_of(self, sha: str) -> int | None:
        """Return the pull request that the test gave a commit."""
        self._called("pull_of")
        return self.pulls.get(sha)

    async def create_comment(self, place: Place, body: str, *, marker: str) -> Comment:
        """Keep a comment."""
        self._called("create_comment")
        assert body.startswith(marker)
        self._check_open(place)
        number = next(self._ids)
        self.comments[number] = body
        self.places[number] = place
        if self.lost_answers:
            self.lost_answers -= 1
            message = "GitHub went on failing."
            raise ForgeError(message)
        return self._shown(number)

    async def find_comment(self, place: Place, marker: str) -> Comment | None:
        """Find a comment at the place that it was made at."""
        self._called("find_comment")
        found = (one for one in self._all() if one.place == place and marker in one.body)
        return next(found, None)

    async def recent_comments(self, since: float) -> tuple[Comment, ...]:
        """Return the comments that the test did not make old, newest first."""
        self._called("recent_comments")
        recent = [_unplaced(one) for one in self._all() if one.edited >= since]
        return tuple(reversed(recent))

    def _all(self) -> list[Comment]:
        """Return all comments as they are now."""
        return [self._shown(number) for number in self.comments]

    def _shown(self, number: int) -> Comment:
        """Return a comment as it is now."""
        place = self.places[number]
        pages = "https://github.com/octo/template"
        on_commit = f"{pages}/commit/{place.sha}#commitcomment-{number}"
        in_talk = f"{pages}/pull/{place.issue}#issuecomment-{number}"
        return Comment(
            comment_id=number,
            url=on_commit if place.issue is None else in_talk,
            place=place,
            body=self.comments[number],
            edited=self.edited.get(number, float("inf")),
        )

    def _check_open(self, place: Place) -> None:
        """Refuse to comment in a locked conversation."""
        if place.issue in self.locked:
            message = "The conversation is locked."
            raise ForgeError(message, reason=Reason.FORGE_DENIED)

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
        self._check_open(comment.place)
        self.comments[comment.comment_id] = body

    async def set_status(self, sha: str, state: str, description: str, target: str) -> None:
        """Keep a status."""
        self._called("set_status")
        self.statuses.append((sha, state, description, target))

    async def add_check(self, check: Check) -> None:
        """Keep a check run."""
        self._called("add_check")
        self.checks.append(check)

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


def _unplaced(comment: Comment) -> Comment:
    """Return a comment as a list of all conversations shows it: without the commit."""
    if comment.place.issue is None:
        return comment
    return replace(comment, place=Place(issue=comment.place.issue))
