"""`docklet local`: try a job here before it is rented a machine."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from docklet.domain.outcome import exit_code_of
from docklet.domain.spec import Push
from docklet.entrypoints.jobs import Asked, asked, job_options, screen

if TYPE_CHECKING:
    from docklet.entrypoints.carry_out import Finished


@click.command()
@partial(job_options, local=True)
def command(**options: str | None) -> None:
    """Run a job on this machine's Docker: the same clone, container and collection.

    Prints what would be committed; with `--push` it is. Options that are about droplets are
    accepted and change nothing, so the options of `docklet run` can be tried as they are.
    """
    from docklet.entrypoints.signals import run_until_stopped
    from docklet.render.preview import would_commit

    quiet = {**options, "push": options["push"] or Push.NONE}
    job = asked(quiet, os.environ, needs_cloud=False)
    finished = run_until_stopped(_run(job))
    published = finished.outcome.published
    if published is not None and job.spec.push is Push.NONE:
        click.echo(would_commit(published))
    sys.exit(exit_code_of(finished.outcome.reason))


async def _run(job: Asked) -> Finished:
    """Carry the job out in front of the user."""
    from docklet.entrypoints.carry_out import run_here

    with screen(job.secrets) as display:
        return await run_here(await job.complete(), job.settings, display)
