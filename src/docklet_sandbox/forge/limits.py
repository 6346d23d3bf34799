"""GitHub's rate limits: requests an hour, and writes a minute and an hour.

Counted per token; the clock is the caller's, so that a test need not wait.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.tokens import Token, TokenKind

_HOUR = 3600
_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowances:
    """How much a token may ask for."""

    app: int = 1000
    """Requests an hour with a workflow's token, per repository."""
    person: int = 5000
    """Requests an hour with a personal token."""
    anonymous: int = 60
    """Requests an hour without a token."""
    writes_per_minute: int = 80
    writes_per_hour: int = 500

    def per_hour(self, token: Token | None) -> int:
        """Return the primary limit for this caller."""
        if token is None:
            return self.anonymous
        return self.app if token.kind is TokenKind.APP else self.person


@dataclass(slots=True, kw_only=True)
class Account:
    """What one caller has used."""

    limit: int
    reset: float
    """When the hour ends."""
    used: int = 0
    writes: deque[float] = field(default_factory=deque)

    @property
    def remaining(self) -> int:
        """How many requests are left in this hour."""
        return max(0, self.limit - self.used)

    def headers(self) -> dict[str, str]:
        """Return the headers that every answer carries."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(int(self.reset)),
            "x-ratelimit-used": str(min(self.used, self.limit)),
            "x-ratelimit-resource": "core",
        }

    def figures(self) -> dict[str, int]:
        """Return the same as a body."""
        return {
            "limit": self.limit,
            "remaining": self.remaining,
            "reset": int(self.reset),
            "used": min(self.used, self.limit),
        }


class Rates(Protocol):
    """What a meter looks up at each request, so that a change holds from the next one on."""

    allowances: Allowances

    def now(self) -> float:
        """Return the time."""
        ...


class Meter:
    """Counts requests and refuses those that are too many."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._accounts: dict[str, Account] = {}

    def account(self, token: Token | None) -> Account:
        """Return what a caller has used in the hour that runs."""
        key = "" if token is None else token.secret
        now = self._rates.now()
        account = self._accounts.get(key)
        if account is None or account.reset <= now:
            writes = deque[float]() if account is None else account.writes
            limit = self._rates.allowances.per_hour(token)
            account = Account(limit=limit, reset=now + _HOUR, writes=writes)
            self._accounts[key] = account
        return account

    def count(self, token: Token | None, *, write: bool) -> Account:
        """Count a request; raise GitHubError if it is one too many."""
        account = self.account(token)
        if not account.remaining:
            raise GitHubError(403, _exhausted(token), headers=account.headers())
        account.used += 1
        if write:
            self._count_write(account)
        return account

    def _count_write(self, account: Account) -> None:
        now = self._rates.now()
        while account.writes and account.writes[0] <= now - _HOUR:
            account.writes.popleft()
        recent = sum(at > now - _MINUTE for at in account.writes)
        full = len(account.writes) >= self._rates.allowances.writes_per_hour
        if full or recent >= self._rates.allowances.writes_per_minute:
            message = (
                "You have exceeded a secondary rate limit and have been temporarily blocked from "
                "content creation. Please retry your request again later."
            )
            raise GitHubError(403, message, headers={"retry-after": str(_MINUTE)})
        account.writes.append(now)


def _exhausted(token: Token | None) -> str:
    if token is None:
        return "API rate limit exceeded for 127.0.0.1."
    whom = "installation" if token.kind is TokenKind.APP else f"user {token.login}"
    return f"API rate limit exceeded for {whom}."
