"""`docklet doctor`: what is missing, and how to mend it."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from docklet.domain.errors import DockletError
from docklet.entrypoints.runs import NO_TOKEN

if TYPE_CHECKING:
    from docklet.render.findings import Finding
    from docklet.wiring import Settings

_UNSET: Final = (
    "It is not set. Create a token that may read and write the repository's contents at"
    " https://github.com/settings/personal-access-tokens and export it."
)
_NO_CHECKOUT: Final = (
    "It is set and was not tried, since you stand in no checkout whose remote `origin` is on"
    " the forge."
)


@click.command()
def command() -> None:
    """Check tokens, limits, git, Docker and ssh: what is missing, and how to mend it.

    Nothing is created, and no token is printed. Ends with 1 when something is missing that runs
    need.
    """
    from docklet.render.findings import Verdict, findings_text
    from docklet.render.mask import mask_of
    from docklet.wiring import settings_from

    settings = settings_from(os.environ)
    findings = asyncio.run(_examine(settings))
    mask = mask_of((settings.cloud_token, settings.forge_token))
    click.echo(mask.text(findings_text(findings)))
    sys.exit(any(one.verdict is Verdict.MISSING for one in findings))


async def _examine(settings: Settings) -> tuple[Finding, ...]:
    """Look at everything at once."""
    from docklet.adapters.docker import docker_trouble
    from docklet.adapters.host import HostShell
    from docklet.entrypoints.checkup import look_at_machine
    from docklet.pipeline.world import together

    found = await together(
        _cloud(settings),
        _forge(settings),
        look_at_machine(HostShell(), docker_trouble=docker_trouble()),
    )
    return tuple(finding for findings in found for finding in findings)


async def _cloud(settings: Settings) -> tuple[Finding, ...]:
    """Look at the cloud, if there is a token."""
    from docklet.entrypoints.checkup import look_at_cloud, missing
    from docklet.wiring import cloud_of

    if not settings.cloud_token:
        return (missing("DIGITALOCEAN_TOKEN", NO_TOKEN.message),)
    try:
        return await look_at_cloud(cloud_of(settings))
    except DockletError as error:
        return (missing("DIGITALOCEAN_TOKEN", error.message),)


async def _forge(settings: Settings) -> tuple[Finding, ...]:
    """Look at the repository, if there is a token and one stands in it."""
    from docklet.adapters.git.access import may_push
    from docklet.adapters.runner.files import checkout
    from docklet.entrypoints.checkup import look_at_forge, missing
    from docklet.render.findings import Finding, Verdict
    from docklet.wiring import forge_of

    here = checkout(Path(), settings.server_url)
    if not settings.forge_token:
        return (missing("GITHUB_TOKEN", _UNSET),)
    if here is None or not here.repository:
        return (Finding(subject="GITHUB_TOKEN", verdict=Verdict.NOTE, text=_NO_CHECKOUT),)
    url = f"{settings.server_url}/{here.repository}.git"
    return await look_at_forge(
        forge_of(settings, here.repository),
        here.repository,
        partial(may_push, url, settings.forge_token),
    )
