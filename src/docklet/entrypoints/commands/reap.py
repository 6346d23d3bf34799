"""`docklet reap`: bring in order what lost its process: finish it, or delete it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from docklet.domain.errors import DockletError
from docklet.domain.events import Noticed
from docklet.domain.outcome import Reason, exit_code_of
from docklet.domain.triage import Action
from docklet.entrypoints.runs import Rented, cloud_settings
from docklet.render.inline import printable
from docklet.render.listing import SHORT, line, money_stopped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.domain.events import Event
    from docklet.domain.identity import RunKey
    from docklet.entrypoints.sweeps import Desk
    from docklet.pipeline.guests import Guest
    from docklet.pipeline.sweep import Found
    from docklet.render.listing import Listed
    from docklet.wiring import Settings

_DONE: Final[Mapping[Action, str]] = {
    Action.DELETE: "deleted",
    Action.TAKE_UP: "finished and deleted",
    Action.WAKE: "switched on",
    Action.LEAVE: "left",
}
_THERE: Final[Mapping[Action, str]] = {
    Action.DELETE: "removed from there",
    Action.TAKE_UP: "finished",
    Action.WAKE: "left",
    Action.LEAVE: "left",
}
"""Of runs on machines that stay."""
_WOULD: Final[Mapping[Action, str]] = {
    Action.DELETE: "would be deleted",
    Action.TAKE_UP: "would be finished and deleted",
    Action.WAKE: "would be switched on",
    Action.LEAVE: "would be left",
}
_ELSEWHERE: Final = (
    "No repository is known, or no GITHUB_TOKEN for it, so only droplets past their time are seen"
    " to. `--repo OWNER/NAME` names one."
)
_SAME_PLACE: Final = "Name another directory than the one that whole archives are left in."


class Notices:
    """Print what went wrong with one droplet while the others are seen to."""

    def notify(self, event: Event) -> None:
        """Print a notice."""
        if isinstance(event, Noticed):
            click.echo(event.message, err=True)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only print what would be done, and why.")
@click.option("--repo", help="OWNER/NAME whose runs are finished, instead of the checkout's.")
@click.option("--force", is_flag=True, help="Go on although most of the account would go.")
@click.option(
    "--stale-after",
    type=click.FloatRange(min=0),
    default=120.0,
    show_default=True,
    help="Seconds without a sign of life after which a run counts as left.",
)
@click.option(
    "--save-to",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for what the repository could not take, without secrets: for others to read.",
)
def command(
    repo: str | None, stale_after: float, save_to: Path | None, *, dry_run: bool, force: bool
) -> None:
    """Finish or delete what runs that lost their process have left.

    A run whose script has ended has its results pushed and reported first. Droplets past their
    time are deleted. What a live run has, what is kept, and what docklet did not make is never
    touched.
    """
    from docklet.domain.trigger import run_url_of
    from docklet.entrypoints.sweeps import desk_of
    from docklet.wiring import site_of

    settings = cloud_settings(os.environ)
    repository = repo or _repository(settings)
    if not (repository and settings.forge_token):
        click.echo(_ELSEWHERE, err=True)
        repository = ""
    if save_to is not None and save_to.resolve() == settings.directory.resolve():
        raise click.BadParameter(_SAME_PLACE, param_hint="--save-to")
    site = site_of(settings, Notices())
    desk = desk_of(
        settings,
        repository,
        site,
        stale_after=stale_after,
        save_to=save_to,
        run_url=run_url_of(os.environ),
    )
    sys.exit(asyncio.run(look(desk) if dry_run else reap(desk, force=force)))


async def look(desk: Desk) -> int:
    """Tell what would be done, and return the exit code."""
    from docklet.pipeline.guests import survey_guests
    from docklet.pipeline.sweep import survey

    found, _ = await survey(desk.office, desk.site)
    _tell(found, _WOULD, desk.site.clock.now())
    _tell_guests(await survey_guests(desk.office, desk.site), "would be ")
    return 0


async def reap(desk: Desk, *, force: bool = False) -> int:
    """Do it, and return the exit code."""
    from docklet.pipeline.guests import see_to_guests
    from docklet.pipeline.reap import drop_unused_tags
    from docklet.pipeline.sweep import sweep

    found = await sweep(desk.office, desk.hands, desk.site, force=force)
    _tell(found, _DONE, desk.site.clock.now())
    guests = await see_to_guests(desk.office, desk.hands, desk.site)
    _tell_guests(guests)
    closed: tuple[RunKey, ...] = ()
    if desk.office.repository:
        expected = [one.key for one in guests if one.is_expected]
        closed = await desk.close_forgotten([*(one.key for one in found), *expected])
        for run in closed:
            click.echo(
                f"{run[:10]}: its comment said that it goes on; now it says that it is over."
            )
    try:
        await drop_unused_tags(desk.site, closed)
    except DockletError as error:
        click.echo(error.message, err=True)
    failed = any(one.failed for one in found) or any(one.failed for one in guests)
    return exit_code_of(Reason.NOT_DELETED) if failed else 0


def _repository(settings: Settings) -> str:
    """Return the repository that the runner works for, or that one stands in."""
    from docklet.adapters.runner.files import checkout

    here = checkout(Path(), settings.server_url)
    return os.environ.get("GITHUB_REPOSITORY", "") or (here.repository if here else "")


def _tell(found: tuple[Found, ...], words: Mapping[Action, str], now: float) -> None:
    """Print what becomes of each droplet, and the money that some cost no longer."""
    if not found:
        click.echo("docklet has no droplets.")
    for one in found:
        said = words[one.decision.action]
        click.echo(f"{line(_listed(one, now))}: {said}; it {one.decision.why}.")
    over = [_listed(one, now) for one in found if one.decision.action is not Action.LEAVE]
    if over:
        click.echo(f"That stops {money_stopped(over)}.")


def _tell_guests(guests: tuple[Guest, ...], would: str = "") -> None:
    """Print what becomes of each run on a machine that was there before it."""
    for one in guests:
        place = f"{printable(one.droplet.name)}, droplet {one.droplet.droplet_id}"
        said = _THERE[one.decision.action]
        click.echo(f"{one.key[:SHORT]} on {place}: {would}{said}; it {one.decision.why}.")


def _listed(found: Found, now: float) -> Listed:
    """Describe a droplet."""
    return Rented(droplet=found.droplet, identity=found.case.identity).listed(now)
