"""A forge in memory, as far as it is spoken to."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from docklet.domain.errors import ForgeGone
from docklet.domain.policy import Head, Role, Standing
from docklet.ports.talk import Kept

if TYPE_CHECKING:
    from docklet.domain.policy import Arrival
    from docklet.ports.talk import Reaction


T = TypeVar("T")


class FakeTalk:
    """Conversations that remember every call; failures wait in a queue for each method."""

    def __init__(self, *, sha: str = "1" * 40) -> None:
        self.calls: list[str] = []
        self.failures: dict[str, list[Exception]] = {}
        self.standings: dict[str, Standing] = {"ada": Standing(user_id=7, role=Role.WRITE)}
        self.members: set[tuple[str, str]] = set()
        """Teams and logins."""
        self.pulls: dict[int, Head] = {}
        self.main = Head(sha=sha, branch="main")
        self.arrivals: dict[str, Arrival] = {}
        """The latest change of each branch."""
        self.reactions: dict[int, tuple[int, Reaction]] = {}
        """Comment and kind, by the reaction's id."""
        self.files: dict[str, str] = {}
        self.store = Kept()
        """What is kept in the repository."""
        self.history: list[str] = []
        """All that was ever kept there."""
        self._ids = count(1)

    def on(self, comment: int) -> list[Reaction]:
        """Return the reactions that a comment has now."""
        return [kind for one, kind in self.reactions.values() if one == comment]

    async def _called(self, name: str) -> None:
        """Note a call and let others go on meanwhile; fail if the test wants it."""
        self.calls.append(name)
        await asyncio.sleep(0)
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    async def standing(self, login: str) -> Standing:
        """Return what the test said of somebody."""
        await self._called("standing")
        return _found(self.standings.get(login), login)

    async def in_team(self, team: str, login: str) -> bool:
        """Tell whether the test put somebody into a team."""
        await self._called("in_team")
        return (team, login) in self.members

    async def pull(self, number: int) -> Head:
        """Return a pull request's head."""
        await self._called("pull")
        return _found(self.pulls.get(number), f"pull request {number}")

    async def default_head(self) -> Head:
        """Return the default branch's head."""
        await self._called("default_head")
        return self.main

    async def arrival(self, branch: str) -> Arrival | None:
        """Return the latest change of a branch."""
        await self._called("arrival")
        return self.arrivals.get(branch)

    async def react(self, comment: int, reaction: Reaction) -> int:
        """React, once."""
        await self._called("react")
        for number, known in self.reactions.items():
            if known == (comment, reaction):
                return number
        number = next(self._ids)
        self.reactions[number] = (comment, reaction)
        return number

    async def take_back(self, comment: int, reaction: int) -> None:
        """Take a reaction back."""
        await self._called("take_back")
        self.reactions.pop(reaction, (comment, None))

    async def file(self, path: str) -> str | None:
        """Return a file of the default branch."""
        await self._called("file")
        return self.files.get(path)

    async def kept(self) -> Kept:
        """Return what is kept."""
        await self._called("kept")
        return self.store

    async def keep(self, text: str, version: str) -> bool:
        """Keep a text, unless another one was kept meanwhile."""
        await self._called("keep")
        if version != self.store.version:
            return False
        self.history.append(text)
        self.store = Kept(text=text, version=f"{len(self.history):040x}")
        return True


def _found(value: T | None, name: str) -> T:
    """Return what is there."""
    if value is None:
        message = f"There is no {name}."
        raise ForgeGone(message)
    return value
