"""The action's post step: delete what the main step left, whatever became of it.

It runs in a new container, perhaps without the state that the main step saved, perhaps while a
killed main step still lives. So droplets are found by name: by the run's key, else by the job's.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from docklet.adapters.files import action_inputs
from docklet.domain.errors import DockletError
from docklet.domain.identity import Identity, identity_of
from docklet.domain.trigger import job_slot
from docklet.entrypoints.signals import exit_on_signals, run_until_stopped
from docklet.pipeline.reap import discard
from docklet.wiring import settings_from, site_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from docklet.pipeline.world import Site
    from docklet.ports import Droplet

KEY_STATE: Final = "run_key"
"""Name of the saved state that holds the run's key."""
DONE_STATE: Final = "settled"
"""Name of the saved state that says that nothing is left to clean up."""
LOOKS: Final = (0.0, 2.0, 4.0, 8.0)
"""Seconds before each look: a create call may still be under way when its process is killed."""


def main() -> None:
    """Clean up and exit with 0 if nothing of the run is left."""
    exit_on_signals()
    if os.environ.get(f"STATE_{DONE_STATE}"):
        sys.stdout.write("Nothing is left of the run.\n")
        return
    sys.exit(run_until_stopped(clean_up(os.environ)))


async def clean_up(environ: Mapping[str, str]) -> int:
    """Delete the job's droplets and return the exit code."""
    token = action_inputs(environ).get("digitalocean-token", "")
    if not token:
        sys.stdout.write("No DigitalOcean token was given, so no droplet was created.\n")
        return 0
    site = site_of(settings_from(environ, cloud_token=token))
    try:
        gone = await _sweep(environ, site)
    except DockletError as error:
        sys.stdout.write(f"::error::{error.message}\n")
        return 1
    sys.stdout.write(f"{len(gone)} droplets were left and are deleted.\n")
    return 0


async def _sweep(environ: Mapping[str, str], site: Site) -> tuple[int, ...]:
    """Look until droplets of this job show up, and delete them."""
    for wait in LOOKS:
        await site.clock.sleep(wait)
        found = [pair async for pair in _ours(environ, site)]
        for droplet, identity in found:
            await discard(droplet, identity, site)
        if found:
            return tuple(droplet.droplet_id for droplet, _ in found)
    return ()


async def _ours(environ: Mapping[str, str], site: Site) -> AsyncIterator[tuple[Droplet, Identity]]:
    """Yield the droplets of this job that are not kept on purpose."""
    key, slot = environ.get(f"STATE_{KEY_STATE}", ""), job_slot(environ)
    droplets = (*await site.cloud.droplets(), *await site.cloud.gpu_droplets())
    for droplet in droplets:
        who = identity_of(droplet.name, droplet.tags)
        if who is None or (who.kept_until or 0) > site.clock.now():
            continue
        if who.key == key or (not key and who.slot == slot):
            yield droplet, who
