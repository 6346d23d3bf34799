"""Commits by somebody else that get in just before a push does: the race that a pusher loses."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from docklet_sandbox.forge.change import Change
from docklet_sandbox.forge.model import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambush:
    """A commit that waits for the next push to a branch."""

    repository: str
    """Full name."""
    branch: str
    change: Change
    advertised: bool = True
    """Whether the pusher has been told the old head already, so that the server has to refuse.

    Otherwise git sees on the pusher's side that it lost the race.
    """


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
            await repository.bare.write(ambush.branch, ambush.change)
