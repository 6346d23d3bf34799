"""The one live comment on the commit that asked for a run, and the commit status beside it.

All of it happens in a task of its own, fed by events. Reporting never decides the fate of the
work: what fails here is told once and forgotten.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from docklet.bot.pace import Pace
from docklet.domain.errors import DockletError, ForgeGone, ForgeLacks
from docklet.domain.events import LogArrived
from docklet.domain.progress import Progress, advance
from docklet.domain.spec import CommentOn
from docklet.render.comment import comment, marker
from docklet.render.sections import description
from docklet.render.words import commit_state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from docklet.domain.events import Event
    from docklet.domain.plan import Plan
    from docklet.ports import Clock, Comment, Forge
    from docklet.render.links import Links
    from docklet.render.mask import Mask

FINISH_WITHIN: Final = 30.0
"""Seconds that the last edit may take."""
HURRY: Final = 1.5
"""Seconds that it may take in a run that is stopped: its process is about to be killed."""


class StatusComment:
    """Keep one comment and one commit status in step with a run."""

    def __init__(
        self,
        forge: Forge,
        clock: Clock,
        links: Links,
        *,
        notice: Callable[[str], None],
        mask: Mask | None = None,
    ) -> None:
        self._forge = forge
        self._clock = clock
        self._links = links
        self._notice = notice
        self._mask = mask
        self._comment: Comment | None = None
        self._changed = asyncio.Event()
        self._closing = False
        self._shown = 0
        self._told: list[str] = []
        self._task: asyncio.Task[None] | None = None
        self.progress = Progress()

    @property
    def comment_url(self) -> str:
        """The comment's address; empty when there is none (yet)."""
        return self._comment.url if self._comment else ""

    def notify(self, event: Event) -> None:
        """Take note of an event; the first one with a plan starts the task."""
        self.progress = advance(self.progress, event)
        plan = self.progress.plan
        if plan is None or plan.spec.comment is CommentOn.NONE:
            return
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work(plan))
        if self._news and not isinstance(event, LogArrived):
            self._changed.set()

    async def finish(self, within: float = FINISH_WITHIN) -> None:
        """Show the state as it is now, once and for all, within so many seconds; never raise.

        Who is cancelled meanwhile has `HURRY` seconds left, and is not cancelled.
        """
        if self._task is None:
            return
        self._closing = True
        self._changed.set()
        limit = await self._limit(self._task, within)
        late = not self._task.done()
        self._task.cancel()
        (result,) = await asyncio.gather(self._task, return_exceptions=True)
        if late:
            self._tell(f"it took longer than {limit:g} s")
        elif isinstance(result, Exception):
            self._tell(f"{type(result).__name__}: {result}")

    async def _limit(self, task: asyncio.Task[None], seconds: float) -> float:
        """Wait for a task, but not for ever; return the seconds that it had."""
        limit = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({task, limit}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            return await self._limit(task, HURRY)
        finally:
            limit.cancel()
        return seconds

    async def _work(self, plan: Plan) -> None:
        """Comment, edit from time to time, and once more at the end."""
        await self._both(plan, self._create(plan))
        now = self._clock.now()
        pace = Pace(began=now, edited=now)
        while await self._wait(pace):
            await self._try(self._edit())
            pace = pace.after(self._clock.now())
        await self._try(self._last(plan))

    async def _wait(self, pace: Pace) -> bool:
        """Return True when an edit is due, False when the run is over."""
        while not self._over:
            wait = pace.next_edit(news=self._news) - self._clock.now()
            if wait <= 0:
                return True
            self._changed.clear()
            await self._sleep_unless_changed(wait)
        return False

    async def _sleep_unless_changed(self, seconds: float) -> None:
        """Wait, but not on when there is news or the run is over."""
        changed = asyncio.ensure_future(self._changed.wait())
        slept = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({changed, slept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
            slept.cancel()

    async def _create(self, plan: Plan) -> None:
        """Make the comment."""
        self._comment = await self._forge.create_comment(
            plan.trigger.sha, self._body(), marker=marker(plan.identity.key)
        )

    async def _edit(self) -> None:
        """Bring the comment up to date, if there is one."""
        if self._comment is not None:
            await self._forge.edit_comment(self._comment, self._body())

    async def _last(self, plan: Plan) -> None:
        """Bring all up to date; make a comment if there is none, or none any more.

        The comment comes last: one that says that the run goes on is what `reap` looks for.
        """
        if self._comment is None:
            return await self._both(plan, self._create(plan))
        await self._set_status(plan)
        try:
            return await self._edit()
        except ForgeGone:
            return await self._both(plan, self._create(plan))

    async def _both(self, plan: Plan, comments: Awaitable[None]) -> None:
        """Comment, then set the commit status that leads to the comment."""
        await self._try(comments)
        await self._set_status(plan)

    async def _set_status(self, plan: Plan) -> None:
        """Set the commit status as the run is now."""
        now, target = self._clock.now(), self.comment_url or plan.trigger.run_url
        state, text = commit_state(self.progress), description(self.progress, now)
        await self._try(self._forge.set_status(plan.trigger.sha, state, text, target))

    async def _try(self, work: Awaitable[None]) -> None:
        """Do something that may fail."""
        try:
            await work
        except DockletError as error:
            self._tell(error.message, echo=not isinstance(error, ForgeLacks))

    def _body(self) -> str:
        """Return the comment as it should be now."""
        self._shown = len(self.progress.spans)
        now = self._clock.now()
        return comment(self.progress, now=now, links=self._links, mask=self._mask)

    def _tell(self, problem: str, *, echo: bool = True) -> None:
        """Tell of the first failure; those that follow are its echo, but for missing rights."""
        if not (echo and self._told) and problem not in self._told:
            self._told.append(problem)
            self._notice(f"The status could not be reported: {problem}")

    @property
    def _news(self) -> bool:
        """Whether phases began that the comment does not show."""
        return self._over or len(self.progress.spans) > self._shown

    @property
    def _over(self) -> bool:
        """Whether nothing more will change."""
        return self._closing or self.progress.outcome is not None
