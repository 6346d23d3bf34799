"""What people on the forge see of one run: a comment, a commit status, marked lines.

What fails here is told once and forgotten; nothing is raised but mistakes of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docklet.bot.marks import mark_lines
from docklet.bot.once import look_for, make_comment
from docklet.domain.errors import DockletError, ForgeGone, ForgeLacks
from docklet.domain.progress import Progress
from docklet.render.comment import comment, marker
from docklet.render.mask import Mask
from docklet.render.sections import description
from docklet.render.words import commit_state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from docklet.domain.plan import Plan
    from docklet.ports import Clock, Comment, Forge
    from docklet.render.links import Links


class Post:
    """The reports on one run, as they are on the forge; `progress` is what they say next."""

    def __init__(
        self,
        forge: Forge,
        clock: Clock,
        links: Links,
        *,
        notice: Callable[[str], None],
        mask: Mask | None = None,
    ) -> None:
        """Send nothing yet."""
        self._forge = forge
        self._clock = clock
        self._links = links
        self._notice = notice
        self._mask = mask or Mask()
        self._comment: Comment | None = None
        self._told: list[str] = []
        self.progress = Progress()
        self.shown = 0
        """How many phases the comment knows of."""

    @property
    def url(self) -> str:
        """The comment's address; empty when there is none (yet)."""
        return self._comment.url if self._comment else ""

    async def begin(self, plan: Plan) -> None:
        """Comment, then set the commit status that leads to the comment."""
        await self._both(plan, self._create(plan))

    async def update(self) -> None:
        """Bring the comment up to date."""
        await self._try(self._edit())

    async def finish(self, plan: Plan) -> None:
        """Bring all up to date for the last time, and mark the lines that failed.

        The comment comes after the status: one that says that the run goes on is what `reap`
        looks for. One that there never was, or that somebody deleted, is made now.
        """
        if self._comment is not None:
            await self._set_status(plan)
            await self._try(self._edit())
        if self._comment is None:
            await self._both(plan, self._again(plan))
        target = self.url or plan.trigger.run_url
        await self._try(mark_lines(self._forge, self.progress, self._mask, target))

    def tell(self, problem: str, *, echo: bool = True) -> None:
        """Tell of the first failure; those that follow are its echo, but for missing rights."""
        if not (echo and self._told) and problem not in self._told:
            self._told.append(problem)
            self._notice(f"The status could not be reported: {problem}")

    async def _both(self, plan: Plan, comments: Awaitable[None]) -> None:
        """Comment, then set the commit status."""
        await self._try(comments)
        await self._set_status(plan)

    async def _create(self, plan: Plan) -> None:
        """Make the comment."""
        body, mark = self._body(), marker(plan.identity.key)
        self._comment = await make_comment(
            self._forge, plan.place, body, marker=mark, notice=self._notice
        )

    async def _again(self, plan: Plan) -> None:
        """Edit a comment that was made although the forge did not say so; else make one."""
        self._comment = await look_for(self._forge, plan.place, marker(plan.identity.key))
        await (self._edit() if self._comment else self._create(plan))

    async def _edit(self) -> None:
        """Bring the comment up to date, if there is one."""
        if self._comment is None:
            return
        try:
            await self._forge.edit_comment(self._comment, self._body())
        except ForgeGone:
            self._comment = None  # somebody deleted it

    async def _set_status(self, plan: Plan) -> None:
        """Set the commit status as the run is now."""
        now, target = self._clock.now(), self.url or plan.trigger.run_url
        state, text = commit_state(self.progress), description(self.progress, now)
        await self._try(self._forge.set_status(plan.trigger.sha, state, text, target))

    async def _try(self, work: Awaitable[None]) -> None:
        """Do something that may fail."""
        try:
            await work
        except DockletError as error:
            self.tell(error.message, echo=not isinstance(error, ForgeLacks))

    def _body(self) -> str:
        """Return the comment as it should be now."""
        self.shown = len(self.progress.spans)
        now = self._clock.now()
        return comment(self.progress, now=now, links=self._links, mask=self._mask)
