"""Build the adapters and hand them to the use cases; the only module that knows both."""

from __future__ import annotations

import asyncio
import os
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Final

from docklet.adapters.clock import RealClock
from docklet.adapters.ssh.shell import PORT
from docklet.domain.errors import DockletError
from docklet.domain.events import Ended, Noticed
from docklet.domain.identity import RunKey
from docklet.domain.outcome import Outcome, Reason
from docklet.domain.secret import Secret
from docklet.pipeline.local import local_plan, run_local
from docklet.pipeline.prepare import commit_of, prepare, preview
from docklet.pipeline.run import run
from docklet.pipeline.world import Record, Site, World, is_stopped, to_the_end
from docklet.render.mask import mask_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from docklet.domain.plan import Plan
    from docklet.domain.progress import Progress
    from docklet.domain.spec import RunSpec
    from docklet.domain.trigger import Trigger
    from docklet.pipeline.aside import Aside
    from docklet.ports import Access, Clock, Cloud, Forge, Login, Observer
    from docklet.ports.talk import Talk

CLOUD_URL: Final = "https://api.digitalocean.com"
API_URL: Final = "https://api.github.com"
SERVER_URL: Final = "https://github.com"
ASIDE: Final = 30.0
"""Seconds that a run's end waits for what goes on beside it; mostly that has ended long before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the services are and what opens them."""

    cloud_token: Secret
    forge_token: Secret
    cloud_url: str = CLOUD_URL
    api_url: str = API_URL
    server_url: str = SERVER_URL
    directory: Path = Path()
    """Where runs leave their logs."""
    clock: Clock = field(default_factory=RealClock)
    """What everything that is built here tells the time by."""
    ssh_port: int = PORT
    """Where droplets answer."""


def settings_from(environ: Mapping[str, str], **tokens: str) -> Settings:
    """Read the settings from variables; `cloud_token` and `forge_token` go first where given."""
    return Settings(
        cloud_token=Secret(tokens.get("cloud_token") or environ.get("DIGITALOCEAN_TOKEN", "")),
        forge_token=Secret(tokens.get("forge_token") or environ.get("GITHUB_TOKEN", "")),
        cloud_url=environ.get("DIGITALOCEAN_API_URL") or CLOUD_URL,
        api_url=environ.get("GITHUB_API_URL") or API_URL,
        server_url=(environ.get("GITHUB_SERVER_URL") or SERVER_URL).rstrip("/"),
        directory=Path(environ.get("GITHUB_WORKSPACE") or ".").absolute(),
    )


def new_run_key() -> RunKey:
    """Return a run key that nobody has used before."""
    return RunKey(secrets.token_hex(10))


def cloud_of(settings: Settings) -> Cloud:
    """Build the cloud's adapter."""
    from docklet.adapters.digitalocean.cloud import DigitalOcean

    return DigitalOcean(settings.cloud_token, endpoint=settings.cloud_url, clock=settings.clock)


def forge_of(settings: Settings, repository: str) -> Forge:
    """Build the forge's adapter for one repository."""
    from docklet.adapters.github.forge import GitHubForge

    clock, token = settings.clock, settings.forge_token
    return GitHubForge(repository, token, clock=clock, api_url=settings.api_url)


def talk_of(settings: Settings, repository: str) -> Talk:
    """Build the adapter for the conversations of one repository."""
    from docklet.adapters.github.talk import GitHubTalk

    clock, token = settings.clock, settings.forge_token
    return GitHubTalk(repository, token, clock=clock, api_url=settings.api_url)


def access_of(settings: Settings) -> Access:
    """Build the way into droplets."""
    from docklet.adapters.ssh.keys import SshAccess

    return SshAccess(token=settings.cloud_token, port=settings.ssh_port)


def login_of(options: Sequence[str]) -> Login:
    """Build the user's own way into machines; `options` are for their `ssh`."""
    from docklet.adapters.ssh.login import OwnSsh

    return OwnSsh(options, env=_harmless(os.environ))


def site_of(settings: Settings, *observers: Observer) -> Site:
    """Build what cleaning up needs."""
    return Site(
        cloud=cloud_of(settings), clock=settings.clock, record=Record(), observers=observers
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run that was asked for."""

    spec: RunSpec
    trigger: Trigger
    key: RunKey
    secrets: tuple[Secret, ...] = ()
    """What nobody may see, in any spelling."""
    may_push: Callable[[], Awaitable[str]] | None = None
    """See `World`; None where whoever may start a run may push its results."""


def world_of(settings: Settings, job: Job, forge: Forge, *observers: Observer) -> World:
    """Build what a run works with."""
    world = world_for(settings, job.key, job.trigger.repository, forge, *observers)
    return world if job.may_push is None else replace(world, may_push=job.may_push)


def world_for(
    settings: Settings, key: RunKey, repository: str, forge: Forge, *observers: Observer
) -> World:
    """Build what a run of a repository works with, or whoever finishes it."""
    from docklet.adapters.agent import agent_code
    from docklet.adapters.git.directory import GitDirectory
    from docklet.adapters.host import HostShell

    directory = settings.directory / f"docklet-{key[:10]}"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / ".gitignore").write_text("*\n", encoding="utf-8")
    url = f"{settings.server_url}/{repository}.git"
    clock = settings.clock
    return World(
        cloud=cloud_of(settings),
        clock=clock,
        record=Record(),
        observers=observers,
        access=access_of(settings),
        forge=forge,
        open_git=lambda: GitDirectory.open(url, settings.forge_token, clock=clock),
        host=HostShell(env=_harmless(os.environ)),
        agent_code=agent_code(),
        directory=directory,
        server_url=settings.server_url,
        forge_token=settings.forge_token,
        secrets={
            "digitalocean-token": settings.cloud_token,
            "github-token": settings.forge_token,
        },
    )


def _harmless(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a command on this machine may see: none of ours holds a token."""
    ours = {"DIGITALOCEAN_TOKEN", "GITHUB_TOKEN"}
    return {
        name: value
        for name, value in environ.items()
        if name not in ours and not name.startswith(("INPUT_", "ACTIONS_"))
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run that is over."""

    outcome: Outcome
    progress: Progress
    comment_url: str = ""
    """The status comment; empty without one."""
    log_path: str = ""
    """The script's whole log, relative to the workspace; empty when nothing ran."""


async def rent_and_run(
    job: Job, settings: Settings, *observers: Observer, aside: Aside | None = None
) -> Finished:
    """Prepare and carry out a job on a droplet, with one live comment; raises nothing foreseen.

    `aside` sees to droplets of other runs meanwhile.
    """
    from docklet.bot.status import FINISH_WITHIN, HURRY, StatusComment
    from docklet.render.links import Links

    forge = forge_of(settings, job.trigger.repository)
    links = Links(server_url=settings.server_url, repository=job.trigger.repository)
    clock = settings.clock

    def notice(message: str) -> None:
        for observer in observers:
            observer.notify(Noticed(at=clock.now(), message=message))

    status = StatusComment(forge, clock, links, notice=notice, mask=mask_of(job.secrets))
    world = replace(world_of(settings, job, forge, *observers, status), aside=aside)
    outcome = await _prepared_and_run(job, world)
    await status.finish(HURRY if is_stopped() else FINISH_WITHIN)
    if aside is not None:
        await _end(aside)
    return _finished(world, settings, outcome, status.comment_url)


async def _end(aside: Aside) -> None:
    """Let what goes on beside the run come to its end, but not when the process is about to."""
    if is_stopped():
        aside.abandon()
    await to_the_end(aside.end(ASIDE), when_cancelled=aside.abandon)


async def _prepared_and_run(job: Job, world: World) -> Outcome:
    """Prepare and run; a refusal is an outcome too."""
    started = world.clock.now()
    try:
        plan = await prepare(job.spec, job.trigger, job.key, world)
    except DockletError as error:
        outcome = Outcome(reason=error.reason, message=error.message)
    except asyncio.CancelledError:
        outcome = Outcome(reason=Reason.CANCELLED, message="The run was stopped from outside.")
    else:
        return await run(plan, world)
    now = world.clock.now()
    outcome = replace(outcome, seconds=now - started)
    world.tell(Ended(at=now, outcome=outcome))
    return outcome


async def plan_only(job: Job, settings: Settings) -> Plan:
    """Decide what a run would do; nothing is created, deleted or written."""
    forge = forge_of(settings, job.trigger.repository)
    return await preview(
        job.spec,
        job.trigger,
        job.key,
        cloud=cloud_of(settings),
        forge=forge,
        now=settings.clock.now(),
    )


async def run_here(job: Job, settings: Settings, *observers: Observer) -> Finished:
    """Carry out a job on this machine's Docker."""
    forge = forge_of(settings, job.trigger.repository)
    sha = await commit_of(job.spec, job.trigger, forge)
    trigger = replace(job.trigger, sha=sha)
    plan = local_plan(job.spec, trigger, job.key, settings.clock.now())
    world = world_of(settings, job, forge, *observers)
    return _finished(world, settings, await run_local(plan, world))


def _finished(
    world: World, settings: Settings, outcome: Outcome, comment_url: str = ""
) -> Finished:
    """Describe what is over; a directory that nothing was left in goes."""
    log = world.directory / "run.log"
    if {path.name for path in world.directory.iterdir()} <= {".gitignore"}:
        rmtree(world.directory, ignore_errors=True)
    return Finished(
        outcome=outcome,
        progress=world.record.progress,
        comment_url=comment_url,
        log_path=str(log.relative_to(settings.directory)) if log.exists() else "",
    )
