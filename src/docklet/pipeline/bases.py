"""The commits that results are compared with and built on, fetched while the script runs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from docklet.domain.errors import GitError
from docklet.pipeline.world import to_the_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from docklet.domain.plan import Plan
    from docklet.pipeline.world import World
    from docklet.ports import Git


class Bases:
    """A clean git directory that is being filled."""

    def __init__(self, plan: Plan, git: Git, begun: str = "") -> None:
        """Begin to fetch; `begun` is what is known from before."""
        self._plan = plan
        self._git = git
        self._known = begun or (plan.sha if plan.continues_branch else "")
        self.begun = self._known or plan.sha
        """The commit since which changes of somebody else's count."""
        self._early = asyncio.ensure_future(self._fetch())

    async def ready(self) -> Git:
        """Return the directory when it is filled; a fetch that failed early is done again."""
        try:
            await asyncio.shield(self._early)
        except GitError:
            await self._fetch()
        return self._git

    @property
    def known(self) -> str:
        """What `begun` is for certain; empty while the branch is still being fetched."""
        return self._known

    async def close(self) -> None:
        """Stop fetching and remove the directory."""
        self._early.cancel()
        await asyncio.gather(self._early, return_exceptions=True)
        await self._git.close()

    async def _fetch(self) -> None:
        """Fetch the commit that runs and the branch's tip."""
        await self._git.fetch(self._plan.sha)
        if not self._plan.branch:
            return
        tip = await self._git.fetch(self._plan.branch)
        if tip and not self._known:
            self.begun = self._known = tip


@asynccontextmanager
async def fetching(plan: Plan, world: World, begun: str = "") -> AsyncIterator[Bases]:
    """Fetch what results are built on while something else goes on."""
    bases = Bases(plan, await world.open_git(), begun)
    try:
        yield bases
    finally:
        await to_the_end(bases.close())
