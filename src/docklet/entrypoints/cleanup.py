"""The action's post step: save or delete what the main step left, whatever became of it.

It runs in a new container, perhaps without the state that the main step saved, perhaps while a
killed main step still lives. So droplets are found by name: by the run's key, else by the job's.
All post steps of a cancelled job have 4 minutes 45 together: everything here has an end.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any, Final, TypeVar

from docklet.adapters.runner.files import action_inputs
from docklet.domain.errors import DockletError
from docklet.domain.events import Noticed
from docklet.domain.identity import Identity, RunKey, identity_of
from docklet.domain.inputs import secrets_of
from docklet.domain.lost import stopped
from docklet.domain.trigger import job_slot
from docklet.entrypoints.signals import exit_on_signals, run_until_stopped
from docklet.entrypoints.sweeps import desk_of
from docklet.pipeline.examine import case_of, examine
from docklet.pipeline.reap import discard
from docklet.pipeline.rescue import rescue
from docklet.pipeline.world import finishes
from docklet.render.workflow import annotation
from docklet.wiring import settings_from, site_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Mapping

    from docklet.domain.events import Event
    from docklet.entrypoints.sweeps import Desk
    from docklet.pipeline.world import Site
    from docklet.ports import Droplet

T = TypeVar("T")

KEY_STATE: Final = "run_key"
"""Name of the saved state that holds the run's key."""
DONE_STATE: Final = "settled"
"""Name of the saved state that says that nothing is left to clean up."""
LOOKS: Final = (0.0, 2.0, 4.0, 8.0)
"""Seconds before each look: a create call may still be under way when its process is killed."""
EXAMINE: Final = 8.0
"""Seconds in which the droplet must say whether its script has ended."""
RESCUE: Final = 100.0
"""Seconds for collecting, pushing and reporting results that nobody came for."""
REPORT: Final = 20.0
"""Seconds for the comment."""
DELETE: Final = 120.0
"""Seconds for which the deletion is tried."""


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
    sys.exit(run_until_stopped(clean_up(os.environ)))


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
        gone = await settle(environ, desk)
    except DockletError as error:
        sys.stdout.write(f"::error::{error.message}\n")
        return 1
    sys.stdout.write(f"{len(gone)} droplets were left and are deleted.\n")
    return 0


async def settle(environ: Mapping[str, str], desk: Desk) -> tuple[int, ...]:
    """Look until droplets of this job show up, and settle them; return their ids."""
    for wait in LOOKS:
        await desk.site.clock.sleep(wait)
        found = [pair async for pair in _ours(environ, desk.site)]
        for droplet, identity in found:
            await _settle(droplet, identity, desk)
        if found:
            return tuple(droplet.droplet_id for droplet, _ in found)
    key = environ.get(f"STATE_{KEY_STATE}", "")
    if key and desk.office.repository:
        await _in_time(desk.close_run(RunKey(key)), REPORT, desk.site)
    return ()


async def _settle(droplet: Droplet, identity: Identity, desk: Desk) -> None:
    """Save the results of a script that has ended; else, or if that fails, delete the droplet."""
    site = desk.site
    asked = await _in_time(examine(droplet, identity, desk.office, site), EXAMINE, site)
    case = asked or case_of(droplet, identity, desk.office, site)
    if case.look is not None and case.look.ended:
        saving = rescue(droplet, case, desk.office, desk.hands, site, over=0.0, last_chance=True)
        if await _in_time(saving, RESCUE, site):
            return
    await discard(droplet, identity, site, patience=DELETE)
    stopped_now = stopped(case, droplet.price_hourly)
    await _in_time(desk.report(droplet, case, stopped_now), REPORT, site)


async def _in_time(work: Coroutine[Any, Any, T], seconds: float, site: Site) -> T | None:
    """Do something within so many seconds; None when it fails, or takes longer and is left."""
    task = asyncio.ensure_future(work)
    if not await finishes({task}, seconds, site.clock):
        task.cancel()
        return None
    try:
        return task.result()
    except DockletError as error:
        site.tell(Noticed(at=site.clock.now(), message=error.message))
        return None


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
