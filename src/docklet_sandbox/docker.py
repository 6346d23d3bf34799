"""Docker, by its command line: what every part of the sandbox that touches it goes through."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from subprocess import DEVNULL, PIPE

from docklet_sandbox.state import SandboxError

LABEL = "docklet.sandbox"
"""On every container, volume and network of a sandbox, with the sandbox's id as its value."""

_CLASSIC = {"DOCKER_BUILDKIT": "0"}
"""Every Docker has the classic builder; the other one is a package of its own."""


class DockerError(SandboxError):
    """A docker command that failed, with what it said."""


async def docker(*arguments: str, stdin: bytes | None = None) -> str:
    """Run a docker command and return what it prints, stripped; raise DockerError if it fails.

    A command that was begun runs to its end even when the caller is cancelled, so that whoever
    cleans up afterwards finds either the whole of what it makes or nothing.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            "docker", *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=os.environ | _CLASSIC
        )
    except FileNotFoundError as error:
        message = "There is no docker command on this machine: install Docker Engine."
        raise DockerError(message) from error
    talk = asyncio.ensure_future(process.communicate(stdin))
    try:
        said, complained = await asyncio.shield(talk)
    except asyncio.CancelledError:
        await talk
        raise
    if process.returncode:
        message = f"`docker {' '.join(arguments)}` failed: {complained.decode().strip()}"
        raise DockerError(message)
    return said.decode().strip()


async def image_label(image: str, label: str) -> str | None:
    """Return the label of a local image, empty if it has none; None if there is no such image."""
    try:
        template = f'{{{{index .Config.Labels "{label}"}}}}'
        return await docker("image", "inspect", "--format", template, image)
    except DockerError:
        return None


def sweep(sandbox_id: str) -> None:
    """Remove all that a sandbox has in Docker, whoever left it there; none without Docker."""
    label = f"label={LABEL}={sandbox_id}"
    for listing, removal in (
        (("ps", "--all"), ("rm", "--force", "--volumes")),
        (("volume", "ls"), ("volume", "rm", "--force")),
        (("network", "ls"), ("network", "rm")),
    ):
        found = _try(*listing, "--quiet", "--filter", label).split()
        if found:
            _try(*removal, *found)


def _try(*arguments: str) -> str:
    """Run a docker command and return what it prints: nothing where there is no Docker."""
    if shutil.which("docker") is None:
        return ""
    return subprocess.run(
        ["docker", *arguments], stdout=PIPE, stderr=DEVNULL, text=True, check=False
    ).stdout
