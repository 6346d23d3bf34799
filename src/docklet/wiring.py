"""Build the adapters, and what the use cases work with; the only module that knows both."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from docklet.adapters.clock import RealClock
from docklet.adapters.ssh.shell import PORT
from docklet.domain.identity import RunKey
from docklet.domain.secret import Secret
from docklet.pipeline.world import Record, Site, World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from docklet.ports import Access, Clock, Cloud, Forge, Login, Observer
    from docklet.ports.talk import Talk

CLOUD_URL: Final = "https://api.digitalocean.com"
API_URL: Final = "https://api.github.com"
SERVER_URL: Final = "https://github.com"


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
