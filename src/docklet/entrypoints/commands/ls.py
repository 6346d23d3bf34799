"""`docklet ls`: what is rented now, what it costs, and what else runs may be sent to."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

import click

from docklet.domain.adoption import host_keys
from docklet.domain.identity import identity_of
from docklet.entrypoints.runs import cloud_settings, ours
from docklet.render.inline import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.ports import Droplet

_ADOPTED: Final = "Adopted, and never deleted: {name} (droplet {id}, {status})."


@click.command()
@click.option("--json", "machine", is_flag=True, help="Print JSON, for programs.")
def command(*, machine: bool) -> None:
    """List docklet's droplets: run, repository, age, state and cost so far.

    Below them are the droplets that were adopted, which are nobody's but yours.
    """
    from docklet.pipeline.world import together
    from docklet.render.listing import as_json, listing
    from docklet.wiring import site_of

    site = site_of(cloud_settings(os.environ))
    cloud = site.cloud
    plain, gpus = asyncio.run(together(cloud.droplets(), cloud.gpu_droplets()))
    droplets, now = (*plain, *gpus), site.clock.now()
    listed = tuple(one.listed(now) for one in ours(droplets))
    if machine:
        click.echo(as_json(listed))
        return
    click.echo(listing(listed))
    for one in adopted(droplets):
        click.echo(one)


def adopted(droplets: Iterable[Droplet]) -> tuple[str, ...]:
    """Return a line for each droplet that docklet did not make and may run on."""
    found = [
        one for one in droplets if host_keys(one.tags) and identity_of(one.name, one.tags) is None
    ]
    return tuple(
        _ADOPTED.format(name=printable(one.name), id=one.droplet_id, status=one.status)
        for one in sorted(found, key=lambda one: one.created)
    )
