"""Our comments on commits and in conversations: blocking calls, of one request where it can be.

A comment is ours when its author and its marker say so. A workflow's token is an App's, which
may not ask who it is: then any App's comment with the marker is, and nobody's else.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from docklet.adapters.github.session import HIDDEN, is_ours, text
from docklet.domain.place import Place
from docklet.ports import Comment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from github.CommitComment import CommitComment
    from github.Issue import Issue
    from github.IssueComment import IssueComment

    from docklet.adapters.github.session import Session

_OPEN: Final = "open"


class GitHubComments:
    """The comments in one repository."""

    def __init__(self, session: Session) -> None:
        """Take the repository; nothing is sent."""
        self._session = session

    def send(self, place: Place, body: str) -> Comment:
        """Comment at a place."""
        if place.issue is None:
            return _comment(self._session.commit(place.sha).create_comment(body), place)
        return _comment(self._issue(place.issue).create_comment(body), place)

    def find(self, place: Place, marker: str) -> Comment | None:
        """Return our own comment with this marker (all pages, and whose token it is)."""
        marked = [one for one in self._all(place) if marker in text(one.body)]
        mine = self._session.myself() if marked else ""
        ours = (one for one in marked if is_ours(one.user, mine))
        return next((_comment(one, place) for one in ours), None)

    def recent(self, since: float) -> tuple[Comment, ...]:
        """Return our own comments since an epoch second, the newest first."""
        mine = self._session.myself()
        found = (
            *self._recent_on_commits(since, mine),
            *self._recent_in_conversations(since, mine),
        )
        return tuple(sorted(found, key=lambda one: one.edited, reverse=True))

    def edit(self, comment: Comment, body: str) -> None:
        """Replace a comment's text."""
        if comment.place.issue is None:
            found = self._session.repository.get_comment(comment.comment_id)
            found.edit(body)
            text(found.body)
            return
        self._edit_in_conversation(comment.comment_id, body)

    def pull_of(self, sha: str) -> int | None:
        """Return the number of the open pull request whose head a commit is (all pages)."""
        pulls = self._session.commit(sha).get_pulls()
        numbers = [one.number for one in pulls if one.state == _OPEN and one.head.sha == sha]
        return min(numbers, default=None)

    def _recent_on_commits(self, since: float, mine: str) -> Iterable[Comment]:
        """Yield comments on commits; the list begins with the oldest, so it is read backwards."""
        for one in reversed(self._session.repository.get_comments()):
            if one.created_at.timestamp() < since:
                return
            if is_ours(one.user, mine):
                yield _comment(one, Place(sha=text(one.commit_id)))

    def _recent_in_conversations(self, since: float, mine: str) -> list[Comment]:
        """Return comments in conversations; none when the token may not see them."""
        from github import GithubException

        begin = datetime.fromtimestamp(since, UTC)
        every = self._session.repository.get_issues_comments(since=begin)
        try:
            return [_comment(one, _conversation(one)) for one in every if is_ours(one.user, mine)]
        except GithubException as error:
            if error.status in HIDDEN:
                return []
            raise

    def _edit_in_conversation(self, comment_id: int, body: str) -> None:
        """Replace the text of a comment in a conversation, which PyGithub asks for by its URL."""
        from github.IssueComment import IssueComment

        url = f"{self._session.repository.url}/issues/comments/{comment_id}"
        found = self._session.client.create_from_raw_data(IssueComment, {"url": url})
        found.edit(body)
        text(found.body)

    def _all(self, place: Place) -> Iterable[CommitComment | IssueComment]:
        """Return the comments at a place."""
        if place.issue is None:
            return self._session.commit(place.sha).get_comments()
        return self._issue(place.issue).get_comments()

    def _issue(self, number: int) -> Issue:
        """Return a conversation without asking for it."""
        return self._session.repository.get_issue(number)


def _conversation(answer: IssueComment) -> Place:
    """Return where a comment is, whose conversation's number is at the end of an address."""
    return Place(issue=int(text(answer.issue_url).rpartition("/")[2]))


def _comment(answer: CommitComment | IssueComment, place: Place) -> Comment:
    """Translate a comment."""
    if not isinstance(answer.id, int):
        message = "The answer is no comment."
        raise TypeError(message)
    return Comment(
        comment_id=answer.id,
        url=text(answer.html_url),
        place=place,
        body=text(answer.body),
        edited=answer.updated_at.timestamp(),
    )
