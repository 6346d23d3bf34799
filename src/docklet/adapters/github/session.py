"""PyGithub, told to send what it is asked to send, at once and once.

It is imported when the first request is made, in the thread that makes it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from docklet.adapters.github.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from github import Github
    from github.Commit import Commit
    from github.NamedUser import NamedUser
    from github.Organization import Organization
    from github.Repository import Repository

    from docklet.domain.secret import Secret

HIDDEN: Final = {401, 403, 404}
"""What a token is told about things that it may not see."""
_TIMEOUT: Final = 20
"""Seconds for a connection, and for each silence on it."""
_NOTHING: Final = {"", "null"}
_SAID_NOTHING: Final = "The answer says nothing at all."
"""PyGithub takes it for a list without entries: no comment of ours, say, which is there."""


class Session:
    """One repository on GitHub and whose token it is asked with."""

    def __init__(self, repository: str, token: Secret, api_url: str) -> None:
        """Name the repository (`owner/name`); nothing is sent."""
        self.name = repository
        self._token = token
        self._api_url = api_url

    @cached_property
    def client(self) -> Github:
        """PyGithub."""
        from github import Auth, Github

        secret = self._token.reveal()
        client = Github(
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
        _keep_to_the_list(client, self._api_url)
        return client

    @property
    def repository(self) -> Repository:
        """The repository, without asking for it."""
        return self.client.get_repo(self.name)

    def commit(self, sha: str) -> Commit:
        """Return a commit without asking for it: one that knows its SHA asks for nothing."""
        from github.Commit import Commit

        url = f"{self.repository.url}/commits/{sha}"
        return self.client.create_from_raw_data(Commit, {"sha": sha, "url": url})

    def myself(self) -> str:
        """Return whose token this is; empty for an App's, which may not ask."""
        from github import GithubException

        try:
            return self.client.get_user().login
        except GithubException as error:
            if error.status in HIDDEN:
                return ""
            raise


def _keep_to_the_list(client: Github, base: str) -> None:
    """Let PyGithub send the requests that are ours to make, and no others.

    All that it reads and writes goes through one method, looked up on the requester itself.
    """
    requester: Any = client.requester
    send = requester.requestJson

    def listed(verb: str, url: str, *arguments: object, **named: object) -> object:
        ENDPOINTS.check(verb, url, base)
        answer = send(verb, url, *arguments, **named)
        _, _, said = answer
        if verb == "GET" and said.strip() in _NOTHING:
            raise TypeError(_SAID_NOTHING)
        return answer

    requester.requestJson = listed


def is_ours(author: NamedUser | Organization | None, mine: str) -> bool:
    """Tell whether an author is `mine`; an App's token can't say whose it is: any App then."""
    if author is None:
        return False
    return author.login == mine if mine else author.type == "Bot"


def text(value: object) -> str:
    """Return a field that has to be text.

    PyGithub takes any text for an answer, a proxy's error page too, and has None for what is
    not in it.
    """
    if not isinstance(value, str):
        message = "The answer lacks a field."
        raise TypeError(message)
    return value
