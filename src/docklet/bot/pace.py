"""How often the status comment may be edited.

Everybody's runs share one limit (1,000 requests an hour for a repository's `github.token`), so a
run gets a few edits at its beginning, where most happens, and then one each quarter of an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

APART: Final = 20.0
"""Seconds between two edits at least."""
FIRST_EDITS: Final = 5
"""Edits that a run has from the beginning."""
HEARTBEAT: Final = 900.0
"""Seconds after which a comment is edited though nothing new began, and a new edit is earned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What has been edited so far; the last edit of all is never counted."""

    began: float
    """Epoch second at which the comment was made."""
    edited: float
    """Epoch second of the latest edit."""
    edits: int = 0

    def next_edit(self, *, news: bool) -> float:
        """Return the epoch second from which an edit is due, with `news` or without."""
        wish = self.edited + (APART if news else HEARTBEAT)
        earned = self.began + max(0, self.edits + 1 - FIRST_EDITS) * HEARTBEAT
        return max(wish, earned)

    def after(self, now: float) -> Pace:
        """Return the pace after an edit."""
        return Pace(began=self.began, edited=now, edits=self.edits + 1)
