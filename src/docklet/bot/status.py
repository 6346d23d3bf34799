"""The one live comment where a run was asked for: when it is made, edited, and finished.

All of it happens in a task of its own, fed by events. Reporting never decides the fate of the
work: what fails here is told once and forgotten.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from docklet.bot.pace import Pace
from docklet.bot.post import Post
from docklet.domain.events import LogArrived
from docklet.domain.progress import advance
from docklet.domain.spec import CommentOn

if TYPE_CHECKING:
    from collections.abc import Callable

    from docklet.domain.events import Event
    from docklet.domain.plan import Plan
    from docklet.ports import Clock, Forge
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
        self._clock = clock
        self._post = Post(forge, clock, links, notice=notice, mask=mask)
        self._changed = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    @property
    def comment_url(self) -> str:
        """The comment's address; empty when there is none (yet)."""
        return self._post.url

    def notify(self, event: Event) -> None:
        """Take note of an event; the first one with a plan starts the task."""
        self._post.progress = advance(self._post.progress, event)
        plan = self._post.progress.plan
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
            self._post.tell(f"it took longer than {limit:g} s")
        elif isinstance(result, Exception):
            self._post.tell(f"{type(result).__name__}: {result}")

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
        await self._post.begin(plan)
        now = self._clock.now()
        pace = Pace(began=now, edited=now)
        while await self._wait(pace):
            await self._post.update()
            pace = pace.after(self._clock.now())
        await self._post.finish(plan)

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

    @property
    def _news(self) -> bool:
        """Whether phases began that the comment does not show."""
        return self._over or len(self._post.progress.spans) > self._post.shown

    @property
    def _over(self) -> bool:
        """Whether nothing more will change."""
        return self._closing or self._post.progress.outcome is not None
