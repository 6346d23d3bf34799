"""Set the one comment on a run right when another process than its own knows how it ended.

A comment that says more than we know is left alone: only one that still says that the run goes
on is mended, unless the run was finished here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docklet.bot.marks import mark_lines
from docklet.bot.once import look_for, make_comment
from docklet.domain.errors import DockletError
from docklet.domain.progress import Progress
from docklet.domain.spec import CommentOn
from docklet.render.comment import comment, commit_of, is_open, marker, run_of
from docklet.render.sections import description
from docklet.render.words import commit_state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from docklet.domain.identity import RunKey
    from docklet.domain.outcome import Outcome
    from docklet.ports import Clock, Comment, Forge
    from docklet.render.links import Links
    from docklet.render.mask import Mask

EARLY: Final = 3600.0
"""Seconds that a comment may be older than its run's droplet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mender:
    """Whoever reports for processes that are gone; what fails here is told and changes nothing."""

    forge: Forge
    clock: Clock
    links: Links
    mask: Mask
    notice: Callable[[str], None]

    async def finished(self, progress: Progress) -> None:
        """Report on a run that was finished here: its comment is edited, or made."""
        await self._try(self._report(progress, only_open=False))
        await self._try(self._mark(progress))

    async def ended(self, progress: Progress) -> None:
        """Report on a run that has a plan and ended without its results."""
        await self._try(self._report(progress, only_open=True))

    async def ended_unknown(self, run: RunKey, outcome: Outcome, since: float) -> None:
        """Report on a run of which nothing but its key is known, if it has a comment."""
        await self._try(self._report_unknown(run, outcome, since))

    async def open_comments(self, since: float, before: float) -> tuple[Comment, ...]:
        """Return comments since `since` that say that their run goes on, unchanged `before`."""
        try:
            recent = await self.forge.recent_comments(since)
        except DockletError as error:
            self.notice(f"The comments could not be looked through: {error.message}")
            return ()
        ours = (one for one in recent if run_of(one.body) and is_open(one.body))
        return tuple(one for one in ours if one.edited <= before)

    async def close(self, found: Comment, outcome: Outcome) -> None:
        """Give a comment, and its commit's status, an outcome."""
        began = self.clock.now() - outcome.seconds if outcome.seconds else 0.0
        progress = Progress(outcome=outcome, started=began)
        await self._try(self._write(found, progress, run_of(found.body)))

    async def _report(self, progress: Progress, *, only_open: bool) -> None:
        """Find the comment of a run with a plan and set it right."""
        plan = progress.plan
        if plan is None or plan.spec.comment is CommentOn.NONE:
            return
        run, mark = plan.identity.key, marker(plan.identity.key)
        found = await look_for(self.forge, plan.place, mark)
        if found is None:
            body, notice = self._body(progress, run), self.notice
            found = await make_comment(self.forge, plan.place, body, marker=mark, notice=notice)
            await self._set_status(plan.place.sha, progress, found)
        elif is_open(found.body) or not only_open:
            await self._write(found, progress, run)

    async def _mark(self, progress: Progress) -> None:
        """Mark the lines at which the script failed, if anything is reported at all."""
        plan = progress.plan
        if plan is not None and plan.spec.comment is not CommentOn.NONE:
            await mark_lines(self.forge, progress, self.mask, plan.trigger.run_url)

    async def _report_unknown(self, run: RunKey, outcome: Outcome, since: float) -> None:
        """Find the comment of a run without a plan and set it right."""
        recent = await self.forge.recent_comments(since - EARLY)
        found = next((one for one in recent if run_of(one.body) == run), None)
        if found is not None and is_open(found.body):
            await self.close(found, outcome)

    async def _write(self, found: Comment, progress: Progress, run: RunKey | None) -> None:
        """Set the status of a commit and edit the comment on it, whose sign is looked for."""
        sha = found.place.sha or commit_of(found.body)
        if sha:
            await self._set_status(sha, progress, found)
        await self.forge.edit_comment(found, self._body(progress, run))

    async def _set_status(self, sha: str, progress: Progress, found: Comment) -> None:
        """Set the commit status that leads to the comment."""
        state, text = commit_state(progress), description(progress, self.clock.now())
        await self.forge.set_status(sha, state, text, found.url)

    def _body(self, progress: Progress, run: RunKey | None) -> str:
        """Return the comment as it should be."""
        now = self.clock.now()
        return comment(progress, now=now, links=self.links, mask=self.mask, run=run)

    async def _try(self, work: Awaitable[None]) -> None:
        """Do something that may fail."""
        try:
            await work
        except DockletError as error:
            self.notice(f"The status could not be reported: {error.message}")
