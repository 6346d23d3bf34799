"""The action's post step: save or delete what the main step left, whatever became of it.

It runs in a new container, perhaps without the state that the main step saved, perhaps while a
killed main step still lives. So droplets are found by name: by the run's key, else by the job's.
All post steps of a cancelled job have 4 minutes 45 together: everything here has an end.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from docklet.adapters.runner.files import action_inputs, event_payload
from docklet.domain.errors import DockletError, InvalidInputs
from docklet.domain.events import Noticed
from docklet.domain.identity import Identity, RunKey, identity_of
from docklet.domain.inputs import parse, secrets_of
from docklet.domain.lost import stopped
from docklet.domain.trigger import job_slot, trigger_of
from docklet.entrypoints.settling import REPORT, in_time
from docklet.entrypoints.settling import settle as settle_one
from docklet.entrypoints.signals import exit_on_signals, run_until_stopped
from docklet.entrypoints.stayed import settle_there
from docklet.entrypoints.surroundings import taken
from docklet.entrypoints.sweeps import desk_of
from docklet.render.workflow import annotation
from docklet.wiring import settings_from, site_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from docklet.domain.events import Event
    from docklet.entrypoints.sweeps import Desk
    from docklet.pipeline.world import Site
    from docklet.ports import Droplet

KEY_STATE: Final = "run_key"
"""Name of the saved state that holds the run's key."""
DONE_STATE: Final = "settled"
"""Name of the saved state that says that nothing is left to clean up."""
LOOKS: Final = (0.0, 2.0, 4.0, 8.0)
"""Seconds before each look: a create call may still be under way when its process is killed."""


class Printed:
    """Print what the user should know."""

    def notify(self, event: Event) -> None:
        """Print a notice."""
        if isinstance(event, Noticed):
            sys.stdout.write(f"{annotation('notice', event.message)}\n")


def main() -> None:
    """Clean up and exit with 0 if nothing of the run is left."""
    exit_on_signals()
    if os.environ.get(f"STATE_{DONE_STATE}"):
        sys.stdout.write("Nothing is left of the run.\n")
        return
    sys.exit(run_until_stopped(clean_up(taken(os.environ))))


async def clean_up(environ: Mapping[str, str]) -> int:
    """Save what has ended, delete the job's droplets and return the exit code."""
    raw = action_inputs(environ)
    cloud_token, forge_token = raw.get("digitalocean-token", ""), raw.get("github-token", "")
    if not cloud_token:
        sys.stdout.write("No DigitalOcean token was given, so no droplet was created.\n")
        return 0
    settings = settings_from(environ, cloud_token=cloud_token, forge_token=forge_token)
    repository = environ.get("GITHUB_REPOSITORY", "") if settings.forge_token else ""
    site = site_of(settings, Printed())
    desk = desk_of(settings, repository, site, known=secrets_of(raw))
    try:
        if await settled_there(raw, environ, desk):
            return 0
        gone = await settle(environ, desk)
    except DockletError as error:
        sys.stdout.write(f"::error::{error.message}\n")
        return 1
    sys.stdout.write(f"{len(gone)} droplets were left and are deleted.\n")
    return 0


async def settled_there(raw: Mapping[str, str], environ: Mapping[str, str], desk: Desk) -> bool:
    """Settle a run on a droplet that stays; tell whether it was one."""
    key = environ.get(f"STATE_{KEY_STATE}", "")
    if not (raw.get("droplet") and key and desk.office.repository):
        return False
    try:
        trigger = trigger_of(environ, event_payload(environ))
        spec = parse(raw, actor=trigger.actor)
    except InvalidInputs:
        return False  # then nothing of it began
    return await settle_there(spec, trigger, RunKey(key), desk)


async def settle(environ: Mapping[str, str], desk: Desk) -> tuple[int, ...]:
    """Look until droplets of this job show up, and settle them; return those that are gone."""
    for wait in LOOKS:
        await desk.site.clock.sleep(wait)
        found = [pair async for pair in _ours(environ, desk.site)]
        gone = [
            droplet.droplet_id
            for droplet, identity in found
            if await settle_one(droplet, identity, desk, stopped)
        ]
        if found:
            return tuple(gone)
    key = environ.get(f"STATE_{KEY_STATE}", "")
    if key and desk.office.repository:
        await in_time(desk.close_run(RunKey(key)), REPORT, desk.site)
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
