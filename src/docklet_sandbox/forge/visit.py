"""Who came with a REST request, where to, and whether they may: asked first by every route.

What must not be known to exist is a 404, what lacks a grant a 403, what lacks a token a 401.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.git_objects import Commit
from docklet_sandbox.forge.model import Repository
from docklet_sandbox.forge.store import Forge
from docklet_sandbox.forge.tokens import (
    Level,
    Permission,
    Role,
    Token,
    TokenKind,
    accepted,
)

FORGE = web.AppKey("forge", Forge)
ACCEPTED = web.RequestKey("forge.accepted", str)
"""Where a request keeps which permissions its route accepts."""
_TO_SEE = (Permission.METADATA, Level.READ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request whose sender and place are known."""

    request: web.Request
    forge: Forge
    repo: Repository
    token: Token | None

    @property
    def login(self) -> str:
        """Who sent it; empty for somebody without a token."""
        return "" if self.token is None else self.token.login

    def word(self, name: str) -> str:
        """Return a word of the path."""
        return self.request.match_info[name]

    def number(self, name: str) -> int:
        """Return a number of the path; what is none does not exist."""
        text = self.word(name)
        if not text.isdigit():
            raise errors.not_found()
        return int(text)

    async def commit(self, ref: str) -> Commit:
        """Return a commit of the repository, or answer that there is none."""
        found = await self.repo.bare.commit(ref)
        if found is None and await self.repo.bare.empty():
            raise errors.GitHubError(409, "Git Repository is empty.")
        if found is None:
            raise errors.no_commit(ref)
        return found


def visit(
    request: web.Request, *grants: Permission, level: Level = Level.READ, open_to_all: bool = False
) -> Visit:
    """Let a request in to its repository if its token has one of the grants at this level.

    Reading what is public needs no grant. Writing needs a role too, unless it is open to all
    who can read, as talking is.
    """
    wanted = grants or (Permission.METADATA,)
    request[ACCEPTED] = accepted(wanted, level)
    forge = request.app[FORGE]
    token = token_of(request)
    repo = repository_for(forge, token, request.match_info["owner"], request.match_info["repo"])
    entered = Visit(request=request, forge=forge, repo=repo, token=token)
    if level is Level.WRITE:
        _check_write(entered, wanted, open_to_all=open_to_all)
    elif repo.private and token and not any(token.covers(g, level) for g in wanted):
        raise errors.inaccessible(token)
    return entered


def token_of(request: web.Request) -> Token | None:
    """Return the token of a request, None if it has none; raise for one that nobody was given."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, credentials = header.partition(" ")
    secret = credentials.strip()
    if scheme.lower() == "basic":
        secret = _password(secret)
    elif scheme.lower() not in {"bearer", "token"}:
        raise errors.bad_credentials()
    token = request.app[FORGE].tokens.get(secret)
    if token is None:
        raise errors.bad_credentials()
    return token


def repository_for(forge: Forge, token: Token | None, owner: str, name: str) -> Repository:
    """Return a repository that this caller can see; all others do not exist for them."""
    repo = forge.repositories.get(f"{owner}/{name}".lower())
    if repo is None or not can_see(token, repo):
        raise errors.not_found()
    return repo


def can_see(token: Token | None, repo: Repository) -> bool:
    """Say whether a repository exists for this caller."""
    if not repo.private:
        return True
    if token is None or not within(token, repo) or not token.covers(*_TO_SEE):
        return False
    return token.kind is TokenKind.APP or repo.role(token.login) is not Role.NONE


def within(token: Token, repo: Repository) -> bool:
    """Say whether a token was made for this repository.

    A workflow's token is good for the workflow's own repository. Where the test named none, that
    is any but a fork, so that nobody comes to rely on writing to a stranger's.
    """
    if token.kind is TokenKind.APP and token.repositories is None:
        return repo.parent is None
    return token.reaches(repo.full_name)


def can_write(token: Token, repo: Repository, permission: Permission) -> bool:
    """Say whether grants and role allow a change of the repository itself."""
    granted = within(token, repo) and token.covers(permission, Level.WRITE)
    return granted and (token.kind is TokenKind.APP or repo.role(token.login).may_write)


def _check_write(entered: Visit, grants: tuple[Permission, ...], *, open_to_all: bool) -> None:
    token, repo = entered.token, entered.repo
    if token is None:
        raise errors.authentication_required()
    granted = within(token, repo) and any(token.covers(g, Level.WRITE) for g in grants)
    in_role = open_to_all or token.kind is TokenKind.APP or repo.role(token.login).may_write
    if not (granted and in_role):
        raise errors.inaccessible(token)
    if repo.archived:
        raise errors.archived()


def _password(credentials: str) -> str:
    """Return the password of Basic credentials; the user's name never matters."""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise errors.bad_credentials() from error
