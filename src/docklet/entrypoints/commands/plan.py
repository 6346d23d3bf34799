"""`docklet plan`: everything that a run decides before it rents."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import click

from docklet.entrypoints.jobs import Asked, asked, job_options

if TYPE_CHECKING:
    from docklet.domain.plan import Plan


@click.command()
@job_options
def command(**options: str | None) -> None:
    """Show what a run would do and cost.

    Takes the options of `docklet run`, asks DigitalOcean and the forge what a run asks, and
    creates, deletes and writes nothing.
    """
    from docklet.render.mask import mask_of
    from docklet.render.preview import plan_text

    job = asked(options, os.environ)
    plan = asyncio.run(_plan(job))
    click.echo(mask_of(job.secrets).text(plan_text(plan)))


async def _plan(job: Asked) -> Plan:
    """Decide what a run would do."""
    from docklet.entrypoints.carry_out import plan_only

    return await plan_only(await job.complete(), job.settings)
