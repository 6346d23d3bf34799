"""The forge's REST API for being spoken to: who asks, about what, and a way to answer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from docklet.adapters.github.forge import GitHubForge
from docklet.adapters.github.sentences import Purpose
from docklet.adapters.github.talk_calls import TalkCalls
from docklet.domain.errors import ForgeGone
from docklet.domain.policy import Head

if TYPE_CHECKING:
    from docklet.domain.policy import Arrival, Standing
    from docklet.domain.secret import Secret
    from docklet.ports import Clock
    from docklet.ports.talk import Kept, Reaction


class GitHubTalk(GitHubForge):
    """The conversations of one repository on GitHub; it asks as patiently as the forge does."""

    def __init__(
        self,
        repository: str,
        token: Secret,
        *,
        clock: Clock,
        api_url: str = "https://api.github.com",
    ) -> None:
        """Name the repository (`owner/name`); nothing is sent."""
        super().__init__(repository, token, clock=clock, api_url=api_url)
        self._talk = TalkCalls(repository, token, api_url)

    async def standing(self, login: str) -> Standing:
        """Return whose login this is and their role; a stranger has none."""
        purpose = Purpose(action=f"look up the role of {login}", permission="metadata: read")
        return await self._repeat(purpose, partial(self._talk.standing, login))

    async def in_team(self, team: str, login: str) -> bool:
        """Tell whether somebody is an active member of `organisation/slug`."""
        purpose = Purpose(action=f"look up who is in {team}", permission="members: read")
        return await self._repeat(purpose, partial(self._talk.in_team, team, login))

    async def pull(self, number: int) -> Head:
        """Return a pull request's head."""
        purpose = Purpose(
            action=f"look up pull request {number}", permission="pull-requests: read"
        )
        return await self._repeat(purpose, partial(self._talk.pull, number))

    async def default_head(self) -> Head:
        """Return the default branch's head (two requests)."""
        branch = await self.default_branch()
        purpose = Purpose(action=f"look up `{branch}`", permission="contents: read")
        return Head(
            sha=await self._repeat(purpose, partial(self._talk.head, branch)), branch=branch
        )

    async def arrival(self, branch: str) -> Arrival | None:
        """Return the latest change of a branch that the forge noted; None when it noted none."""
        purpose = Purpose(action=f"look up the pushes to `{branch}`", permission="contents: read")
        return await self._repeat(purpose, partial(self._talk.arrival, branch))

    async def react(self, comment: int, reaction: Reaction) -> int:
        """React to a comment and return the reaction's id; doing it twice is doing it once."""
        purpose = Purpose(action="react to a comment", permission="pull-requests: write")
        return await self._repeat(purpose, partial(self._talk.react, comment, reaction))

    async def take_back(self, comment: int, reaction: int) -> None:
        """Take a reaction of one's own back; one that is gone is fine."""
        purpose = Purpose(action="take a reaction back", permission="pull-requests: write")
        try:
            await self._repeat(purpose, partial(self._talk.take_back, comment, reaction))
        except ForgeGone:
            return

    async def file(self, path: str) -> str | None:
        """Return a file of the default branch; None where there is none."""
        purpose = Purpose(action=f"read `{path}`", permission="contents: read")
        return await self._repeat(purpose, partial(self._talk.file, path))

    async def kept(self) -> Kept:
        """Return the text that docklet keeps in the repository (up to two requests)."""
        purpose = Purpose(action="read what runs have cost", permission="contents: read")
        return await self._repeat(purpose, self._talk.kept)

    async def keep(self, text: str, version: str) -> bool:
        """Write that text unless it has changed since `version`; tell whether it was written."""
        purpose = Purpose(action="note what runs cost", permission="contents: write")
        sha = await self._repeat(purpose, partial(self._talk.store, text, version))
        return await self._once(
            purpose, partial(self._talk.publish, sha, version), partial(self._arrived, sha)
        )

    def _arrived(self, sha: str) -> bool | None:
        """Return True when a commit is what is kept; None when it is not, or no longer."""
        return True if self._talk.kept_at() == sha else None
