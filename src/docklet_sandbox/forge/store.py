"""Everything the forge holds, in memory but for the git data.

It answers no request and runs no git; routes and the control API read and change it.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from docklet_sandbox.forge.ambush import Ambush
from docklet_sandbox.forge.limits import Allowances, Meter
from docklet_sandbox.forge.model import Repository, User
from docklet_sandbox.forge.records import Push
from docklet_sandbox.forge.tokens import Level, Permission, Token, TokenKind
from docklet_sandbox.settings import hatched

API = "/api/v3"
"""Where the REST API begins below the server's address, as on GitHub Enterprise Server."""
OWNER = "mona"
"""The account that exists from the start."""
ACTIONS_BOT = "github-actions[bot]"
PERSONAL_TOKEN = f"github_pat_{hatched('person', 36)}"
"""The owner's own token, which may do everything."""
_JWT = f"eyJ{hatched('head', 9)}.eyJ{hatched('claims', 12)}.{hatched('signature', 80)}"
WORKFLOW_TOKEN = f"ghs_15368_{_JWT}"
"""What a workflow gets that asks for all that docklet ever needs.

As long as GitHub's are since they carry a JWT, so that nobody counts on forty characters.
"""
_ACTIONS_BOT_ID = 41898282
_FIRST_ID = 2_500_000_000
"""Above 32 bits, as many of GitHub's ids are."""
_MAX_FILE_BYTES = 100 * 1024 * 1024
_MAX_PUSH_BYTES = 2 * 1024**3
_MAX_LARGE_BYTES = 2 * 1024**3
_EVERYTHING = dict.fromkeys(Permission, Level.WRITE)
_WORKFLOW = {**_EVERYTHING, Permission.WORKFLOWS: Level.NONE}


@dataclass(slots=True, kw_only=True)
class Forge:
    """A GitHub on this machine."""

    root: Path
    """Where bare repositories are kept."""
    server_url: str = ""
    """`http://HOST:PORT`, what GITHUB_SERVER_URL shall be; set once the port is known."""
    clock: Callable[[], float] = time.time
    max_file_bytes: int = _MAX_FILE_BYTES
    max_push_bytes: int = _MAX_PUSH_BYTES
    max_large_bytes: int = _MAX_LARGE_BYTES
    """Of one file in Git LFS, as on GitHub's free plans."""
    allowances: Allowances = field(default_factory=Allowances)
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    """By full name in lower case."""
    teams: dict[str, dict[str, str]] = field(default_factory=dict)
    """By `organisation/slug` in lower case: `active` or `pending`, by login in lower case."""
    pushes: list[Push] = field(default_factory=list)
    """Every ref update that was accepted, oldest first."""
    ambushes: list[Ambush] = field(default_factory=list)
    meter: Meter = field(init=False)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(_FIRST_ID))

    def __post_init__(self) -> None:  # noqa: D105 - a part of the constructor
        self.reset()

    @property
    def api_url(self) -> str:
        """What GITHUB_API_URL shall be."""
        return self.server_url + API

    def reset(self) -> None:
        """Forget everything but the account and the two tokens that exist from the start.

        Git data stays on disk and is never looked at again, since repositories get new folders.
        """
        for held in (self.users, self.tokens, self.repositories, self.teams):
            held.clear()
        self.pushes.clear()
        self.ambushes.clear()
        self.max_file_bytes, self.max_push_bytes = _MAX_FILE_BYTES, _MAX_PUSH_BYTES
        self.max_large_bytes = _MAX_LARGE_BYTES
        self.allowances = Allowances()
        self.meter = Meter(self)
        email = f"{_ACTIONS_BOT_ID}+{ACTIONS_BOT}@users.noreply.github.com"
        self.users[ACTIONS_BOT] = User(id=_ACTIONS_BOT_ID, login=ACTIONS_BOT, email=email)
        self.add_token(
            Token(secret=PERSONAL_TOKEN, login=OWNER, kind=TokenKind.FINE, permissions=_EVERYTHING)
        )
        self.add_token(Token(secret=WORKFLOW_TOKEN, login=ACTIONS_BOT, permissions=_WORKFLOW))

    def now(self) -> float:
        """Return the time, in seconds since the epoch."""
        return self.clock()

    def new_id(self) -> int:
        """Return an id that nothing else has."""
        return next(self._ids)

    def add_user(
        self,
        login: str,
        *,
        name: str | None = None,
        email: str | None = None,
        keys: Collection[str] = (),
    ) -> User:
        """Give somebody an account, or change what is known of it."""
        known = self.users.get(login.lower())
        number = self.new_id() if known is None else known.id
        user = User(id=number, login=login, name=name, email=email, keys=tuple(keys))
        self.users[login.lower()] = user
        return user

    def user(self, login: str) -> User:
        """Return somebody's account, which is made when it is first spoken of."""
        return self.users.get(login.lower()) or self.add_user(login)

    def add_token(self, token: Token) -> Token:
        """Let a token in from now on; one with the same secret is replaced."""
        self.user(token.login)
        self.tokens[token.secret] = token
        return token

    def repository(self, full_name: str) -> Repository:
        """Return a repository; raise KeyError if there is none of that name."""
        return self.repositories[full_name.lower()]
