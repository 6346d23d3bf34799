"""What we ask of PyGithub: blocking calls of one request each, unless they say otherwise.

PyGithub is imported when the first of them is made, in the thread that makes it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from docklet.domain.triage import Workflow
from docklet.ports import Comment

if TYPE_CHECKING:
    from github import Github
    from github.Commit import Commit
    from github.CommitComment import CommitComment
    from github.Repository import Repository

    from docklet.domain.secret import Secret

CONTEXT: Final = "docklet"
"""The name of our commit status."""
_TIMEOUT: Final = 20
"""Seconds for a connection, and for each silence on it."""
_EXISTS: Final = 422
_HIDDEN: Final = {401, 403, 404}
"""What a token is told about things that it may not see."""


class GitHubCalls:
    """One repository on GitHub, seen from a thread."""

    def __init__(self, repository: str, token: Secret, api_url: str) -> None:
        """Name the repository (`owner/name`); nothing is sent."""
        self._name = repository
        self._token = token
        self._api_url = api_url

    def resolve(self, ref: str) -> str:
        """Return the SHA of a branch, tag or SHA."""
        return _text(self._repository.get_commit(ref).raw_data.get("sha"))

    def default_branch(self) -> str:
        """Return the default branch's name."""
        return _text(self._repository.default_branch)

    def send_comment(self, sha: str, body: str) -> Comment:
        """Comment on a commit."""
        return _comment(self._commit(sha).create_comment(body))

    def find_comment(self, sha: str, marker: str) -> Comment | None:
        """Return our own comment with this marker (all pages, and whose token it is)."""
        marked = [one for one in self._commit(sha).get_comments() if marker in _text(one.body)]
        mine = self._myself() if marked else ""
        return next((_comment(one) for one in marked if mine in {"", one.user.login}), None)

    def recent_comments(self, since: float) -> tuple[Comment, ...]:
        """Return our own comments on commits since an epoch second, newest first.

        The list begins with the oldest, so it is read from its end. An App's token can't say
        whose it is; then the comments of all Apps are returned.
        """
        found: list[Comment] = []
        mine = self._myself()
        for one in reversed(self._repository.get_comments()):
            if one.created_at.timestamp() < since:
                break
            if one.user.login == mine or (not mine and one.user.type == "Bot"):
                found.append(_comment(one))
        return tuple(found)

    def workflow_run(self, run_id: int) -> Workflow:
        """Return how a workflow run is going."""
        from github import GithubException

        try:
            run = self._repository.get_workflow_run(run_id)
            status, conclusion = run.status, run.conclusion
        except GithubException as error:
            if error.status in _HIDDEN:
                return Workflow.UNKNOWN
            raise
        if _text(status) != "completed":
            return Workflow.GOING
        return Workflow.CANCELLED if conclusion == "cancelled" else Workflow.OVER

    def edit_comment(self, comment_id: int, body: str) -> None:
        """Replace a comment's text."""
        comment = self._repository.get_comment(comment_id)
        comment.edit(body)
        _text(comment.body)

    def set_status(self, sha: str, state: str, description: str, target: str) -> None:
        """Set the commit status."""
        fields = {"description": description} | ({"target_url": target} if target else {})
        _text(self._commit(sha).create_status(state, context=CONTEXT, **fields).state)

    def send_pull(self, head: str, base: str, title: str, body: str) -> str:
        """Open a pull request and return its URL.

        GitHub refuses a second one for the same branches; then the first one is looked up.
        """
        from github import GithubException

        try:
            pull = self._repository.create_pull(head=head, base=base, title=title, body=body)
        except GithubException as error:
            found = self.find_pull(head, base) if error.status == _EXISTS else None
            if found is None:
                raise
            return found
        return _text(pull.html_url)

    def find_pull(self, head: str, base: str) -> str | None:
        """Return the URL of the open pull request between two branches of the repository."""
        owner = self._name.partition("/")[0]
        pulls = self._repository.get_pulls(state="open", head=f"{owner}:{head}", base=base)
        return next((_text(pull.html_url) for pull in pulls), None)

    def public_keys(self, user: str) -> tuple[str, ...]:
        """Return a user's public keys (all pages)."""
        return tuple(_text(key.key) for key in self._client.get_user(user, lazy=True).get_keys())

    @cached_property
    def _client(self) -> Github:
        """PyGithub, told to send what it is asked to send, at once and once."""
        from github import Auth, Github

        secret = self._token.reveal()
        return Github(
            auth=Auth.Token(secret) if secret else None,
            base_url=self._api_url,
            timeout=_TIMEOUT,
            user_agent="docklet",
            per_page=100,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
        )

    @property
    def _repository(self) -> Repository:
        """The repository, without asking for it."""
        return self._client.get_repo(self._name)

    def _commit(self, sha: str) -> Commit:
        """Return a commit without asking for it: one that knows its SHA asks for nothing."""
        from github.Commit import Commit

        url = f"{self._repository.url}/commits/{sha}"
        return self._client.create_from_raw_data(Commit, {"sha": sha, "url": url})

    def _myself(self) -> str:
        """Return whose token this is; empty for an App's, which may not ask.

        A workflow's token is an App's. Its comments are then known by the marker alone, which
        nobody else can have seen before it was first sent.
        """
        from github import GithubException

        try:
            return self._client.get_user().login
        except GithubException as error:
            if error.status in _HIDDEN:
                return ""
            raise


def _comment(answer: CommitComment) -> Comment:
    """Translate a comment."""
    if not isinstance(answer.id, int):
        message = "The answer is no comment."
        raise TypeError(message)
    return Comment(
        comment_id=answer.id,
        url=_text(answer.html_url),
        sha=_text(answer.commit_id),
        body=_text(answer.body),
        edited=answer.updated_at.timestamp(),
    )


def _text(value: object) -> str:
    """Return a field that has to be text.

    PyGithub takes any text for an answer, a proxy's error page too, and has None for what is
    not in it.
    """
    if not isinstance(value, str):
        message = "The answer lacks a field."
        raise TypeError(message)
    return value
