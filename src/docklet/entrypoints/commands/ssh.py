"""`docklet ssh`: a shell on a run's droplet, by the system's OpenSSH."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import click

from docklet.entrypoints.runs import chosen, cloud_settings, rented

if TYPE_CHECKING:
    from docklet.entrypoints.runs import Rented
    from docklet.wiring import Settings


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("run", metavar="RUN")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
def command(run: str, words: tuple[str, ...]) -> None:
    """Log in to a run's droplet as root, or run a command there.

    RUN is the run's key or its first digits, or the droplet's id or name. The machine is known by
    the run's own host key; nothing of your SSH configuration takes part.
    """
    from docklet.adapters.ssh.client import log_in
    from docklet.wiring import access_of

    settings = cloud_settings(os.environ)
    found = asyncio.run(_found(run, settings))
    keys = access_of(settings).keys(found.identity.key)
    remote = words[1:] if words[:1] == ("--",) else words
    sys.exit(log_in(found.address, keys, remote))


async def _found(run: str, settings: Settings) -> Rented:
    """Ask the cloud for the droplet that `run` means."""
    from docklet.wiring import site_of

    site = site_of(settings)
    return chosen(run, await rented(site.cloud), site.clock.now())
