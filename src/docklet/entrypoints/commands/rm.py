"""`docklet rm`: give one droplet back."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import click

from docklet.domain.cost import dollars
from docklet.domain.errors import InvalidInputs, Problem
from docklet.entrypoints.runs import chosen, cloud_settings, rented

if TYPE_CHECKING:
    from docklet.pipeline.world import Site
    from docklet.render.listing import Listed


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--force", is_flag=True, help="Delete it although its run goes on.")
def command(run: str, *, force: bool) -> None:
    """Delete a run's droplet and wait until it is gone.

    RUN is the run's key or its first digits, or the droplet's id or name. What is not in the
    repository yet is lost with the droplet.
    """
    from docklet.wiring import site_of

    site = site_of(cloud_settings(os.environ))
    gone = asyncio.run(remove(run, site, force=force))
    click.echo(
        f"Droplet {gone.droplet_id} of {gone.repository} is gone. It cost {dollars(gone.cost)}."
    )


async def remove(run: str, site: Site, *, force: bool) -> Listed:
    """Delete the droplet that `run` means and describe it.

    Raises `InvalidInputs` when a run still has it and `force` is not given.
    """
    from docklet.pipeline.reap import discard

    found = chosen(run, await rented(site.cloud), site.clock.now())
    listed = found.listed(site.clock.now())
    if listed.state.in_use and not force:
        raise InvalidInputs((_still_going(listed),))
    await discard(found.droplet, found.identity, site)
    return found.listed(site.clock.now())


def _still_going(listed: Listed) -> Problem:
    """Say why a droplet is not deleted just like that."""
    message = (
        f"Droplet {listed.droplet_id} is in use by a run of {listed.repository}, whose"
        " results would be lost. Stop the run where it was started, or give `--force`."
    )
    return Problem(name="RUN", message=message)
