"""`docklet reap`: delete what outlived its time, as every run does when it starts."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import click

from docklet.domain.events import Noticed
from docklet.domain.outcome import Reason, exit_code_of
from docklet.entrypoints.runs import cloud_settings, ours, rented
from docklet.render.listing import line, money_stopped

if TYPE_CHECKING:
    from docklet.domain.events import Event
    from docklet.pipeline.world import Site
    from docklet.ports import Droplet


class Notices:
    """Print what went wrong with one droplet while the others are seen to."""

    def notify(self, event: Event) -> None:
        """Print a notice."""
        if isinstance(event, Noticed):
            click.echo(event.message, err=True)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only print what would be deleted.")
def command(*, dry_run: bool) -> None:
    """Delete docklet's droplets that are past their time.

    Those are kept droplets whose time is over, and ones whose run was lost. Nothing else is ever
    touched.
    """
    from docklet.wiring import site_of

    site = site_of(cloud_settings(os.environ), Notices())
    sys.exit(asyncio.run(reap(site, dry_run=dry_run)))


async def reap(site: Site, *, dry_run: bool) -> int:
    """Delete, or only tell, and return the exit code."""
    from docklet.pipeline.reap import MOST, expired, reap_expired

    now = site.clock.now()
    due = expired([one.droplet for one in await rented(site.cloud)], now)[:MOST]
    droplets = tuple(droplet for droplet, _ in due)
    if not droplets:
        click.echo("No droplet is past its time.")
        return 0
    if dry_run:
        _tell("would be deleted", droplets, now)
        return 0
    gone = await reap_expired(droplets, site)
    _tell("deleted", gone, now)
    return 0 if len(gone) == len(droplets) else exit_code_of(Reason.NOT_DELETED)


def _tell(what: str, droplets: tuple[Droplet, ...], now: float) -> None:
    """Print the droplets and the money that they cost no longer."""
    listed = [one.listed(now) for one in ours(droplets)]
    for one in listed:
        click.echo(f"{line(one)}: {what}.")
    if listed:
        click.echo(f"That stops {money_stopped(listed)}.")
