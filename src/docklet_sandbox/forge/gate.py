"""Who may fetch from and push to a repository over HTTP, in the words that git shows its user.

The token is the password of Basic credentials. A push always needs one, a fetch only where the
repository is private; git comes without at first and repeats the request once it got a 401.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.model import Repository
from docklet_sandbox.forge.tokens import Level, Permission, Token, TokenKind
from docklet_sandbox.forge.visit import FORGE, can_see, can_write, token_of

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="GitHub"'}


class Refused(Exception):
    """A request that git gets a text for, which it prints behind `remote:`."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text

    def response(self) -> web.Response:
        """Return the answer."""
        headers = _CHALLENGE if self.status == web.HTTPUnauthorized.status_code else None
        return web.Response(status=self.status, text=self.text, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A git client that was let in."""

    repo: Repository
    token: Token | None
    max_push_bytes: int

    @property
    def login(self) -> str:
        """Who it is; empty without a token."""
        return "" if self.token is None else self.token.login

    def environment(self) -> dict[str, str]:
        """Return what the hooks have to know of the pusher."""
        token = self.token
        workflows = token is not None and token.covers(Permission.WORKFLOWS, Level.WRITE)
        app = token is not None and token.kind is TokenKind.APP
        return {
            "FORGE_WORKFLOWS": str(int(workflows)),
            "FORGE_APP": str(int(app)),
            "FORGE_LOGIN": self.login,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "receive.maxInputSize",
            "GIT_CONFIG_VALUE_0": str(self.max_push_bytes),
        }


def admit(request: web.Request, *, push: bool) -> Guest:
    """Let a git client in, or raise Refused."""
    token = _token(request)
    forge = request.app[FORGE]
    owner, name = request.match_info["owner"], request.match_info["repo"].removesuffix(".git")
    repo = forge.repositories.get(f"{owner}/{name}".lower())
    if token is None and (push or repo is None or repo.private):
        raise Refused(401, "Repository not found." if repo is None else "Authentication required.")
    if repo is None or not can_see(token, repo):
        raise Refused(404, "Repository not found.")
    if token is not None:
        _check(token, repo, push=push)
    return Guest(repo=repo, token=token, max_push_bytes=forge.max_push_bytes)


def _check(token: Token, repo: Repository, *, push: bool) -> None:
    if repo.private and not token.covers(Permission.CONTENTS, Level.READ):
        raise Refused(403, "Write access to repository not granted.")
    if push and not can_write(token, repo, Permission.CONTENTS):
        raise Refused(403, f"Permission to {repo.full_name}.git denied to {token.login}.")
    if push and repo.archived:
        raise Refused(403, "This repository was archived so it is read-only.")


def _token(request: web.Request) -> Token | None:
    try:
        return token_of(request)
    except GitHubError as error:
        raise Refused(401, "Invalid username or token.") from error
