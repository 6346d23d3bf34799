"""How often the status comment may be edited.

Everybody's runs share one limit (1,000 requests an hour for a repository's `github.token`), so a
run is shown closely in its first minute, where most happens, and has six requests in any hour
after it. Three of them are kept for the end: the last edit, the commit status, and the lines at
which a failed script stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

APART: Final = 20.0
"""Seconds between two edits at least."""
BEGINNING: Final = 60.0
"""Seconds in which edits are not rationed."""
RATION: Final = 3
"""Edits in any hour after that."""
HEARTBEAT: Final = 900.0
"""Seconds after which a comment is edited though nothing new began."""
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What has been edited so far; the last edit of all is never counted."""

    began: float
    """Epoch second at which the comment was made."""
    edited: float
    """Epoch second of the latest edit."""
    rationed: tuple[float, ...] = ()
    """Epoch seconds of the latest edits after the beginning, as many as an hour may have."""

    def next_edit(self, *, news: bool) -> float:
        """Return the epoch second from which an edit is due, with `news` or without."""
        wish = self.edited + (APART if news else HEARTBEAT)
        if wish < self.began + BEGINNING or len(self.rationed) < RATION:
            return wish
        return max(wish, self.rationed[0] + _HOUR)

    def after(self, now: float) -> Pace:
        """Return the pace after an edit."""
        counted = (now,) if now >= self.began + BEGINNING else ()
        latest = (*self.rationed, *counted)[-RATION:]
        return Pace(began=self.began, edited=now, rationed=latest)
