"""`docklet run`: rent, run, commit, give back."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from docklet.domain.outcome import exit_code_of
from docklet.entrypoints.jobs import Asked, asked, job_options, screen

if TYPE_CHECKING:
    from docklet.wiring import Finished


@click.command()
@job_options
def command(**options: str | None) -> None:
    """Run a script on a rented droplet; its results come back as a commit.

    The repository, commit and branch are those of the checkout that you stand in, or of
    `--repo OWNER/NAME`.
    """
    from docklet.entrypoints.signals import run_until_stopped

    finished = run_until_stopped(_run(asked(options, os.environ)))
    sys.exit(exit_code_of(finished.outcome.reason))


async def _run(job: Asked) -> Finished:
    """Carry the job out in front of the user."""
    from docklet.wiring import rent_and_run

    with screen(job.secrets) as display:
        return await rent_and_run(await job.complete(), job.settings, display)
