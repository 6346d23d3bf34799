"""What docklet needs of the forge to be spoken to: who asks, about what, and a way to answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from docklet.domain.policy import Arrival, Head, Standing


class Reaction(StrEnum):
    """What is said to a comment without words, in GitHub's names for it."""

    SEEN = "eyes"
    DONE = "rocket"
    REFUSED = "confused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A text that is kept in the repository, as it was when it was read."""

    text: str = ""
    version: str = ""
    """What it is written back by: only if it has not changed. Empty when there is none yet."""


class Talk(Protocol):
    """A conversation on the forge; each call is one request, unless its docstring says otherwise.

    Nothing is remembered between calls: who asks for a permission is told what it is now.
    """

    async def standing(self, login: str) -> Standing:
        """Return whose login this is and their role; a stranger has none."""

    async def in_team(self, team: str, login: str) -> bool:
        """Tell whether somebody is an active member of `organisation/slug`."""

    async def pull(self, number: int) -> Head:
        """Return a pull request's head."""

    async def default_head(self) -> Head:
        """Return the default branch's head (two requests)."""

    async def arrival(self, branch: str) -> Arrival | None:
        """Return the latest change of a branch that the forge noted; None when it noted none."""

    async def react(self, comment: int, reaction: Reaction) -> int:
        """React to a comment and return the reaction's id; doing it twice is doing it once."""

    async def take_back(self, comment: int, reaction: int) -> None:
        """Take a reaction of one's own back; one that is gone is fine."""

    async def file(self, path: str) -> str | None:
        """Return a file of the default branch; None where there is none."""

    async def kept(self) -> Kept:
        """Return the text that docklet keeps in the repository (up to two requests)."""

    async def keep(self, text: str, version: str) -> bool:
        """Write that text unless it has changed since `version`; tell whether it was written.

        Up to three requests. When the answer was lost, it counts as not written.
        """
