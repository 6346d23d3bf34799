"""Where the one comment on a run goes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A commit, or a conversation about it."""

    sha: str = ""
    """The commit; empty where only the conversation is known."""
    issue: int | None = None
    """Number of the pull request or issue; None for the commit's own page."""

    @property
    def named(self) -> str:
        """What a sentence calls it."""
        return f"commit {self.sha[:7]}" if self.issue is None else f"#{self.issue}"

    @property
    def choices(self) -> tuple[Place, ...]:
        """Where to comment, the best place first: a commit is left when a conversation is shut."""
        return (self,) if self.issue is None else (self, Place(sha=self.sha))
