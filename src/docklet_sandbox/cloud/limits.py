"""How often a token may ask: sliding windows, as the API counts them."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from docklet_sandbox.cloud.errors import too_many_requests

if TYPE_CHECKING:
    from docklet_sandbox.settings import Settings

_MINUTE = 60
_HOUR = 3600
_KEY_LISTS = 10


@dataclass(slots=True, kw_only=True)
class Limits:
    """The requests of the last hour, by token."""

    settings: Settings
    _spent: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _key_lists: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def spend(self, token: str, now: float) -> dict[str, str]:
        """Count a request and return the headers that say what is left; raise ApiError at none."""
        spent = self._spent[token]
        _forget(spent, now - _HOUR)
        headers = self._headers(spent, now)
        if len(spent) >= self.settings.limit_hour:
            raise too_many_requests(headers)
        recent = [moment for moment in spent if moment > now - _MINUTE]
        if len(recent) >= self.settings.limit_minute:
            wait = recent[-self.settings.limit_minute] + _MINUTE - now
            raise too_many_requests(headers | {"retry-after": str(int(wait) + 1)})
        spent.append(now)
        return self._headers(spent, now)

    def spend_key_list(self, token: str, now: float) -> None:
        """Count a listing of account keys, which has a narrow limit of its own."""
        spent = self._key_lists[token]
        _forget(spent, now - _MINUTE)
        if len(spent) >= _KEY_LISTS:
            raise too_many_requests({"retry-after": str(int(spent[0] + _MINUTE - now) + 1)})
        spent.append(now)

    def clear(self) -> None:
        """Forget all that was spent."""
        self._spent.clear()
        self._key_lists.clear()

    def _headers(self, spent: deque[float], now: float) -> dict[str, str]:
        oldest = spent[0] if spent else now
        return {
            "ratelimit-limit": str(self.settings.limit_hour),
            "ratelimit-remaining": str(max(0, self.settings.limit_hour - len(spent))),
            "ratelimit-reset": str(int(oldest + _HOUR)),
        }


def _forget(spent: deque[float], edge: float) -> None:
    while spent and spent[0] <= edge:
        spent.popleft()
