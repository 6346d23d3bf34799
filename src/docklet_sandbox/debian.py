"""Where the first layer comes from: a registry in reach, or else Debian's own archive."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE

from docklet_sandbox.docker import DockerError, docker, image_label
from docklet_sandbox.recipes import BASE
from docklet_sandbox.state import SandboxError

RELEASE = "bookworm"
_OFFICIAL = f"debian:{RELEASE}-slim"
_OURS = "docklet-sandbox/debian:latest"
_FIRST_WORD_SECONDS = 10.0
_PULL_SECONDS = 300.0


async def debian_image() -> str:
    """Return the tag of a Debian image that exists here, if need be after pulling or making it."""
    if await image_label(_OURS, "any") is not None:
        return _OURS
    if await _is_from_registry(_OFFICIAL) or await pulled(_OFFICIAL):
        return _OFFICIAL
    await _bootstrap()
    return _OURS


async def pulled(image: str) -> bool:
    """Pull an image if its registry answers soon, and say whether it is here now.

    The first line appears when the registry has described the image; what is slow from there on
    is the download, which is worth waiting for.
    """
    process = await asyncio.create_subprocess_exec(
        "docker", "pull", image, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
    )
    assert process.stdout is not None  # noqa: S101  asked for one line above
    try:
        await asyncio.wait_for(process.stdout.readline(), _FIRST_WORD_SECONDS)
        await asyncio.wait_for(process.communicate(), _PULL_SECONDS)
    except TimeoutError:
        process.kill()
    return await process.wait() == 0


async def _is_from_registry(image: str) -> bool:
    """Say whether an image was pulled; without a digest it is somebody's own."""
    try:
        return await docker("image", "inspect", "--format", "{{.RepoDigests}}", image) != "[]"
    except DockerError:
        return False


async def _bootstrap() -> None:
    """Make a minimal Debian from its archive and import it."""
    await _ensure_mmdebstrap()
    with tempfile.TemporaryDirectory() as folder:
        archive = f"{folder}/debian.tar"
        await _run(
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            "--include=ca-certificates",
            f"--dpkgopt={BASE.folder / 'dpkg.cfg'}",
            RELEASE,
            archive,
        )
        await docker("import", archive, _OURS)


async def _ensure_mmdebstrap() -> None:
    if shutil.which("mmdebstrap"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        message = (
            "No container registry can be reached, and mmdebstrap, which could make a Debian "
            f"image without one, is not installed. Install it, or load the image {_OFFICIAL}."
        )
        raise SandboxError(message)
    wanted = ("mmdebstrap", "debian-archive-keyring")
    install = ("apt-get", "install", "--yes", "-qq", "--no-install-recommends", *wanted)
    try:
        await _run(*install)
    except SandboxError:
        await _run("apt-get", "update", "-qq")
        await _run(*install)


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
    )
    _, complained = await process.communicate()
    if process.returncode:
        message = f"`{' '.join(command)}` failed: {complained.decode().strip()}"
        raise SandboxError(message)
