"""`docklet ls`: what is rented now, and what it costs."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import click

from docklet.entrypoints.runs import cloud_settings, rented

if TYPE_CHECKING:
    from docklet.render.listing import Listed
    from docklet.wiring import Settings


@click.command()
@click.option("--json", "machine", is_flag=True, help="Print JSON, for programs.")
def command(*, machine: bool) -> None:
    """List docklet's droplets: run, repository, age, state and cost so far."""
    from docklet.render.listing import as_json, listing

    droplets = asyncio.run(_listed(cloud_settings(os.environ)))
    click.echo(as_json(droplets) if machine else listing(droplets))


async def _listed(settings: Settings) -> tuple[Listed, ...]:
    """Ask the cloud for everything that is ours."""
    from docklet.wiring import site_of

    site = site_of(settings)
    found = await rented(site.cloud)
    return tuple(one.listed(site.clock.now()) for one in found)
