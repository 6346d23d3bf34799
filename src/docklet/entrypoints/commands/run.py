"""`docklet run`: rent, run, commit, give back."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docklet.domain.outcome import exit_code_of
from docklet.entrypoints.jobs import Asked, asked, job_options, screen

if TYPE_CHECKING:
    from docklet.entrypoints.carry_out import Finished


@click.command()
@job_options
@click.option("--result", type=click.Path(dir_okay=False), help="File for the result as JSON.")
def command(result: str | None, **options: str | None) -> None:
    """Run a script on a rented droplet; its results come back as a commit.

    The repository, commit and branch are those of the checkout that you stand in, or of
    `--repo OWNER/NAME`.
    """
    from docklet.entrypoints.signals import run_until_stopped
    from docklet.render.outputs import outputs

    finished = run_until_stopped(_run(asked(options, os.environ)))
    if result:
        told = outputs(finished.progress, comment_url=finished.comment_url)
        Path(result).write_text(told["result"] + "\n", encoding="utf-8")
    sys.exit(exit_code_of(finished.outcome.reason))


async def _run(job: Asked) -> Finished:
    """Carry the job out in front of the user."""
    from docklet.entrypoints.carry_out import rent_and_run
    from docklet.entrypoints.last_chance import last_chance

    complete = await job.complete()
    with screen(job.secrets) as display:
        saver = last_chance(job.settings, complete.trigger.repository, display)
        return await rent_and_run(complete, job.settings, display, aside=saver)
