"""What somebody else does to a branch just before a push: the race that a pusher loses."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from docklet_sandbox.forge.change import Change
from docklet_sandbox.forge.model import Repository


class Deed(StrEnum):
    """The ways in which a branch can move at the worst moment."""

    COMMIT = "commit"
    """A commit comes on top of it."""
    REWIND = "rewind"
    """Its last commit is taken away, as by a forced push."""
    DELETE = "delete"
    """It is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambush:
    """A deed that waits for the next push to a branch."""

    repository: str
    """Full name."""
    branch: str
    change: Change
    """What the commit changes, if it is one."""
    deed: Deed = Deed.COMMIT
    advertised: bool = True
    """Whether the pusher has been told the old head already, so that the server has to refuse.

    Otherwise git sees on the pusher's side that it lost the race.
    """

    async def happen(self, repository: Repository) -> None:
        """Do it."""
        ref = f"refs/heads/{self.branch}"
        match self.deed:
            case Deed.COMMIT:
                await repository.bare.write(self.branch, self.change)
            case Deed.REWIND:
                await repository.bare.git("update-ref", ref, f"{ref}~1")
            case Deed.DELETE:
                await repository.bare.git("update-ref", "-d", ref)


async def spring(
    waiting: list[Ambush],
    repository: Repository,
    branches: Collection[str] | None,
    *,
    advertised: bool,
) -> None:
    """Let happen, once, what waits for a push to these branches (None: to any)."""
    for ambush in list(waiting):
        meant = branches is None or ambush.branch in branches
        here = ambush.repository.lower() == repository.full_name.lower()
        if meant and here and ambush.advertised is advertised:
            waiting.remove(ambush)
            await ambush.happen(repository)
