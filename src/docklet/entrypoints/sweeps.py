"""What whoever finishes other processes' runs works with, and reports to."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from functools import reduce
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
from docklet.domain.lost import forgotten, lost
from docklet.domain.outcome import Outcome, Published
from docklet.domain.plan import results_branch
from docklet.domain.progress import Progress, advance
from docklet.entrypoints.sharing import HERE, share
from docklet.pipeline.examine import Office
from docklet.pipeline.lease import LEASE
from docklet.pipeline.rescue import Hands
from docklet.pipeline.stopped import LOG, results_archive
from docklet.render.comment import run_of
from docklet.render.links import Links
from docklet.render.listing import SHORT
from docklet.render.mask import mask_of
from docklet.wiring import access_of, forge_of, talk_of, world_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

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
    save_to: Path | None = None
    """Where others look for what the repository could not take; None if nobody does."""

    @property
    def hands(self) -> Hands:
        """What is acted with."""
        return Hands(
            open_world=self.open_world,
            finished=self.finished,
            deleted=self.deleted,
            knows_secrets=self.knows_secrets,
            save=self.save,
        )

    def save(self, world: World, record: RunRecord) -> None:
        """Leave the archive and the log of a run, if it has one, where others look for them."""
        archive, place = results_archive(world), world.directory
        said = HERE.format(path=archive) if archive.exists() else ""
        if self.save_to is not None:
            secrets = {**world.secrets, **record.plan.spec.env}
            said = share(archive, place / LOG, self.save_to / place.name, secrets)
        if said:
            told = f"{record.plan.identity.key[:SHORT]}: {said}"
            self.site.tell(Noticed(at=self.site.clock.now(), message=told))

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
    save_to: Path | None = None,
    run_url: str = "",
) -> Desk:
    """Build the place from which runs of `repository` are finished.

    `known` are the secrets of the run that is to be finished, for whoever knows them; `run_url`
    is the page of the workflow run that this is a part of.
    """
    forge = forge_of(settings, repository)
    mender = Mender(
        forge=forge,
        clock=site.clock,
        links=Links(server_url=settings.server_url, repository=repository, run_url=run_url),
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
        save_to=save_to,
    )


def _progress(record: RunRecord, droplet: Droplet, now: float, outcome: Outcome) -> Progress:
    """Return what is known of a run that was not finished."""
    begun, made = Planned(at=record.started, plan=record.plan), droplet.created
    events: list[Event] = [begun, ImagePulled(at=made, digest=record.digest)]
    if record.plan.existing is None:
        number = droplet.droplet_id
        events.append(DropletCreated(at=made, droplet_id=number, region=droplet.region))
        events.append(DropletGone(at=now, droplet_id=number))
    return reduce(advance, [*events, Ended(at=now, outcome=outcome)], Progress())
