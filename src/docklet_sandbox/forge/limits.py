"""GitHub's rate limits: the primary one, requests an hour, and the secondary ones.

Secondary are writes a minute and an hour, points a minute, and requests at the same time. The
clock is the caller's, so that a test need not wait.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.tokens import Token, TokenKind

_HOUR = 3600
_MINUTE = 60
_ABOUT = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"
_READ_POINTS, _WRITE_POINTS = 1, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowances:
    """How much a caller may ask for."""

    app: int = 1000
    """Requests an hour with workflows' tokens, all of one repository together."""
    person: int = 5000
    """Requests an hour with personal tokens, all of one person together."""
    anonymous: int = 60
    """Requests an hour without a token."""
    writes_per_minute: int = 80
    writes_per_hour: int = 500
    points_per_minute: int = 900
    """A read costs one point, a write five."""
    concurrent: int = 100
    """Requests at the same time."""
    status: int = 403
    """What refusals are answered with; GitHub uses 429 too."""

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
    busy: int = 0
    """Requests that have no answer yet."""
    writes: deque[float] = field(default_factory=deque)
    spent: deque[float] = field(default_factory=deque)
    """When each point of the last minute was spent."""

    @property
    def remaining(self) -> int:
        """How many requests are left in this hour."""
        return max(0, self.limit - self.used)

    def headers(self) -> dict[str, str]:
        """Return the headers that every answer carries."""
        figures = {f"x-ratelimit-{name}": str(value) for name, value in self.figures().items()}
        return {**figures, "x-ratelimit-resource": "core"}

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

    def account(self, token: Token | None, repository: str = "") -> Account:
        """Return what a caller has used in the hour that runs."""
        key, now = _key(token, repository.lower()), self._rates.now()
        account = self._accounts.setdefault(key, Account(limit=0, reset=now + _HOUR))
        account.limit = self._rates.allowances.per_hour(token)
        if account.reset <= now:
            account.used, account.reset = 0, now + _HOUR
        return account

    @contextmanager
    def admit(self, token: Token | None, repository: str, *, write: bool) -> Iterator[None]:
        """Count a request while it is dealt with; raise GitHubError if it is one too many."""
        account = self.account(token, repository)
        if not account.remaining:
            message, status = _exhausted(token), self._rates.allowances.status
            raise GitHubError(status, message, headers=account.headers(), about=_ABOUT)
        account.used += 1
        self._check_pace(account, write=write)
        account.busy += 1
        try:
            yield
        finally:
            account.busy -= 1

    def _check_pace(self, account: Account, *, write: bool) -> None:
        """Apply the secondary limits."""
        now, most = self._rates.now(), self._rates.allowances
        points = _WRITE_POINTS if write else _READ_POINTS
        _forget(account.writes, now - _HOUR)
        _forget(account.spent, now - _MINUTE)
        wait = _wait(account.spent, most.points_per_minute - points + 1, now - _MINUTE)
        if write:
            wait = max(wait, _wait(account.writes, most.writes_per_minute, now - _MINUTE))
            wait = max(wait, _wait(account.writes, most.writes_per_hour, now - _HOUR))
        if account.busy >= most.concurrent:
            wait = max(wait, _MINUTE)
        if wait:
            raise self._too_fast(wait, write=write)
        account.spent.extend([now] * points)
        account.writes.extend([now] * write)

    def _too_fast(self, wait: float, *, write: bool) -> GitHubError:
        blocked = " and have been temporarily blocked from content creation" if write else ""
        message = f"You have exceeded a secondary rate limit{blocked}."
        return GitHubError(
            self._rates.allowances.status,
            f"{message} Please retry your request again later.",
            headers={"retry-after": str(math.ceil(wait))},
            about=f"{_ABOUT}#about-secondary-rate-limits",
        )


def _key(token: Token | None, repository: str) -> str:
    """Return whose requests are counted together: not a token's, or one could take another."""
    if token is None:
        return "anonymous"
    if token.kind is not TokenKind.APP:
        return f"person {token.login}"
    own = sorted(token.repositories or ())
    return f"app {own[0] if len(own) == 1 else repository or token.login}"


def _forget(times: deque[float], begin: float) -> None:
    while times and times[0] <= begin:
        times.popleft()


def _wait(times: deque[float], most: int, begin: float) -> float:
    """Return the seconds until fewer than `most` of the times lie after `begin`."""
    return max(0.0, times[-most] - begin) if 0 < most <= len(times) else 0.0


def _exhausted(token: Token | None) -> str:
    if token is None:
        return "API rate limit exceeded for 127.0.0.1."
    whom = "installation" if token.kind is TokenKind.APP else f"user {token.login}"
    return f"API rate limit exceeded for {whom}."
