"""What whoever finishes other processes' runs works with, and reports to."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Final

from docklet.bot.authority import still_by_name
from docklet.bot.mend import Mender
from docklet.domain.errors import DockletError
from docklet.domain.events import (
    DropletCreated,
    DropletGone,
    Ended,
    Event,
    ImagePulled,
    Noticed,
    Planned,
)
from docklet.domain.identity import tag_of
from docklet.domain.lost import forgotten, lost
from docklet.domain.outcome import Outcome, Published
from docklet.domain.plan import results_branch
from docklet.domain.progress import Progress, advance
from docklet.pipeline.examine import Office
from docklet.pipeline.lease import LEASE
from docklet.pipeline.remove import drop_tag
from docklet.pipeline.rescue import Hands
from docklet.render.comment import run_of
from docklet.render.links import Links
from docklet.render.listing import SHORT
from docklet.render.mask import mask_of
from docklet.wiring import access_of, forge_of, talk_of, world_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.domain.identity import RunKey
    from docklet.domain.record import RunRecord
    from docklet.domain.secret import Secret
    from docklet.domain.triage import Case
    from docklet.pipeline.world import Site, World
    from docklet.ports import Droplet, Observer
    from docklet.wiring import Settings

SEARCHED: Final = 48 * 3600.0
"""Seconds back to which comments are looked through for runs that are over."""
SILENT: Final = 60
"""Times the age of a stale lease for which the comment on a run without a droplet must not have
changed. That is two hours: a live run edits its comment each hour at least, and it may have its
droplet in another account, or none of its own."""


class Notices:
    """Hand on what the user should know about one run while others are seen to."""

    def __init__(self, site: Site, run: RunKey) -> None:
        """Tell the site's observers about `run`."""
        self._site = site
        self._run = run

    def notify(self, event: Event) -> None:
        """Hand on a notice."""
        if isinstance(event, Noticed):
            told = f"{self._run[:SHORT]}: {event.message}"
            self._site.tell(Noticed(at=event.at, message=told))


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The place from which the runs of one repository are finished."""

    settings: Settings
    site: Site
    office: Office
    mender: Mender
    knows_secrets: bool = False
    """Whether all that must be blanked out in a log is known here."""

    @property
    def hands(self) -> Hands:
        """What is acted with."""
        return Hands(
            open_world=self.open_world,
            finished=self.finished,
            deleted=self.deleted,
            knows_secrets=self.knows_secrets,
        )

    def open_world(self, key: RunKey) -> World:
        """Make the world that a run is finished in."""
        observer: Observer = Notices(self.site, key)
        repository, forge = self.office.repository, self.office.forge
        world = world_for(self.settings, key, repository, forge, observer)

        async def may_push() -> str:
            plan, talk = world.record.progress.plan, talk_of(self.settings, repository)
            return await still_by_name(plan.trigger, talk) if plan else ""

        return replace(world, may_push=may_push)

    async def finished(self, world: World) -> None:
        """Report on a run that was finished."""
        await self.mender.finished(world.record.progress)

    async def deleted(self, droplet: Droplet, case: Case) -> None:
        """Report on a run whose droplet went without its results; a kept one has its report."""
        if case.identity.kept_until is None:
            await self.report(droplet, case, lost(case, droplet.price_hourly))

    async def report(self, droplet: Droplet, case: Case, outcome: Outcome) -> None:
        """Report how a run ended that was not finished."""
        if case.record is not None:
            await self.mender.ended(_progress(case.record, droplet, case.now, outcome))
        elif case.ours:
            await self.mender.ended_unknown(case.identity.key, outcome, droplet.created)

    async def close_run(self, run: RunKey) -> None:
        """Mend the comment of a run that has no droplet any more, if it is still open."""
        now = self.site.clock.now()
        for found in await self.mender.open_comments(now - SEARCHED, inf):
            if run_of(found.body) == run:
                published = await self._published(run, now - SEARCHED)
                await self.mender.close(found, forgotten(run, published))

    async def close_forgotten(self, alive: Iterable[RunKey]) -> tuple[RunKey, ...]:
        """Mend comments of runs that have no droplet any more; return those runs."""
        now, living = self.site.clock.now(), set(alive)
        before = now - self.office.stale_after * SILENT
        closed = []
        for found in await self.mender.open_comments(now - SEARCHED, before):
            run = run_of(found.body)
            if run is not None and run not in living:
                published = await self._published(run, now - SEARCHED)
                await self.mender.close(found, forgotten(run, published))
                closed.append(run)
        return tuple(closed)

    async def _published(self, run: RunKey, since: float) -> Published | None:
        """Return where a run's results are, if on the default branch or on one of its own."""
        git = await self.open_world(run).open_git()
        try:
            branch = await self.office.forge.default_branch()
            sha = await git.find_run(branch, run, since)
            if sha:
                return Published(branch=branch, commit=sha, as_asked=True)
            branch = results_branch(run)
            sha = await git.find_run(branch, run, since)
            return Published(branch=branch, commit=sha) if sha else None
        except DockletError as error:
            self.site.tell(Noticed(at=self.site.clock.now(), message=error.message))
            return None
        finally:
            await git.close()


def desk_of(
    settings: Settings,
    repository: str,
    site: Site,
    *,
    stale_after: float = LEASE,
    known: tuple[Secret, ...] | None = None,
) -> Desk:
    """Build the place from which runs of `repository` are finished.

    `known` are the secrets of the run that is to be finished, for whoever knows them.
    """
    forge = forge_of(settings, repository)
    mender = Mender(
        forge=forge,
        clock=site.clock,
        links=Links(server_url=settings.server_url, repository=repository),
        mask=mask_of((settings.cloud_token, settings.forge_token, *(known or ()))),
        notice=lambda message: site.tell(Noticed(at=site.clock.now(), message=message)),
    )
    office = Office(
        repository=repository,
        forge=forge,
        access=access_of(settings),
        holder=f"sweep-{secrets.token_hex(8)}",
        stale_after=stale_after,
    )
    return Desk(
        settings=settings,
        site=site,
        office=office,
        mender=mender,
        knows_secrets=known is not None,
    )


async def drop_unused_tags(site: Site, over: Iterable[RunKey] = ()) -> None:
    """Delete tags of ours that are on nothing, once they are past their time or their run is over.

    One that is on nothing yet may belong to a droplet that is just being made, which nobody
    would know for ours without it.
    """
    now, ended = site.clock.now(), set(over)
    for tag in await site.cloud.unused_tags():
        found = tag_of(tag)
        if found is not None and (found[0] in ended or found[1] < now):
            await drop_tag(tag, site)


def _progress(record: RunRecord, droplet: Droplet, now: float, outcome: Outcome) -> Progress:
    """Return what is known of a run that was not finished."""
    made = droplet.created
    progress = Progress()
    for event in (
        Planned(at=record.started, plan=record.plan),
        DropletCreated(at=made, droplet_id=droplet.droplet_id, region=droplet.region),
        ImagePulled(at=made, digest=record.digest),
        DropletGone(at=now, droplet_id=droplet.droplet_id),
        Ended(at=now, outcome=outcome),
    ):
        progress = advance(progress, event)
    return progress
