"""`docklet logs`: what a run's script wrote, byte for byte, while its droplet exists."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import click

from docklet.entrypoints.runs import chosen, cloud_settings, rented

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from docklet.wiring import Settings


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--follow", "-f", is_flag=True, help="Go on until the script has ended.")
@click.option("--tail", "-n", type=click.IntRange(min=0), help="Begin with the last N lines.")
def command(run: str, *, follow: bool, tail: int | None) -> None:
    """Print a run's log.

    RUN is the run's key or its first digits, or the droplet's id or name.
    """
    asyncio.run(_print(_log(run, cloud_settings(os.environ), follow=follow, tail=tail)))


async def _print(chunks: AsyncIterator[bytes]) -> None:
    """Write bytes to standard output as they come."""
    async for chunk in chunks:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()


async def _log(
    run: str, settings: Settings, *, follow: bool, tail: int | None
) -> AsyncIterator[bytes]:
    """Yield the log of the run that `run` means."""
    from docklet.pipeline.agent import Agent
    from docklet.pipeline.reach import HOMES
    from docklet.pipeline.watch import log_from, log_size, log_until
    from docklet.wiring import access_of, site_of

    site, access = site_of(settings), access_of(settings)
    found = chosen(run, await rented(site.cloud), site.clock.now())
    key = found.identity.key
    shell = access.shell(found.address, access.keys(key))
    home = f"{HOMES}/{key}"
    try:
        size = await log_size(shell, home)
        async for chunk in log_until(shell, home, size, tail=tail):
            yield chunk
        if follow:
            async for chunk in log_from(Agent(shell, home, site.clock), size, site.clock):
                yield chunk
    finally:
        await shell.close()
