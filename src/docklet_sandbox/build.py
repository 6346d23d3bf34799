"""Make the sandbox's images: everything that is missing or out of date, two at a time.

The classic builder is enough for all of them, and none needs a registry.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from docklet_sandbox import registry
from docklet_sandbox.debian import debian_image, pulled
from docklet_sandbox.docker import LABEL, DockerError, docker, image_label
from docklet_sandbox.recipes import BASE, CONTENT, PYTHON, REGISTRY, SHELF, UPON_BASE, Recipe
from docklet_sandbox.state import SandboxError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_AT_ONCE = 2
"""Unpacking packages keeps a core busy, and small machines have two."""


async def build_images(say: Callable[[str], None] = lambda _: None) -> None:
    """Make what is missing or out of date, and drop what that replaced; `say` hears of each."""
    await _ensure(BASE, say)
    turns = asyncio.Semaphore(_AT_ONCE)

    async def take_turn(recipe: Recipe) -> None:
        async with turns:
            await _ensure(recipe, say)

    works = {recipe: asyncio.create_task(take_turn(recipe)) for recipe in UPON_BASE}
    try:
        await asyncio.gather(*(works[recipe] for recipe in (REGISTRY, *SHELF.values())))
        await _ensure_filled(say)
        await asyncio.gather(*works.values())
    finally:
        for work in works.values():
            work.cancel()


async def _ensure(recipe: Recipe, say: Callable[[str], None]) -> None:
    label = await image_label(recipe.tag, CONTENT)
    if label == recipe.digest() or await _is_real(recipe, label):
        return
    async with _told(recipe.tag, say):
        source = [f"--build-arg=DEBIAN={await debian_image()}"] if recipe is BASE else []
        await _replacing(
            recipe.tag,
            "build",
            "--quiet",
            "--force-rm",
            f"--tag={recipe.tag}",
            f"--label={CONTENT}={recipe.digest()}",
            *source,
            "-",
            stdin=recipe.context(),
        )


async def _is_real(recipe: Recipe, label: str | None) -> bool:
    """Say whether the image for which we have a stand-in is here, or could be pulled."""
    if recipe is not PYTHON or label:
        return False
    return label == "" or await pulled(recipe.tag)


async def _ensure_filled(say: Callable[[str], None]) -> None:
    """Make the registry that has everything on the shelf, as a layer of its own."""
    digest = await _filled_digest()
    if await image_label(registry.IMAGE, CONTENT) == digest:
        return
    container = f"docklet-sandbox-filling-{uuid4().hex[:8]}"
    async with _told(registry.IMAGE, say):
        publish = "--publish=127.0.0.1::5000"
        await docker(
            "run", "-d", f"--name={container}", f"--label={LABEL}=build", publish, REGISTRY.tag
        )
        try:
            addresses = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
            await registry.await_answer(await docker("inspect", "-f", addresses, container))
            for name, recipe in SHELF.items():
                await registry.push_to(container, recipe.tag, name)
            change = f"--change=LABEL {CONTENT}={digest}"
            await _replacing(registry.IMAGE, "commit", change, container, registry.IMAGE)
        finally:
            await docker("rm", "--force", "--volumes", container)


async def _filled_digest() -> str:
    """Return what changes with any image that goes into the registry."""
    tags = [REGISTRY.tag, *(recipe.tag for recipe in SHELF.values())]
    ids = await docker("image", "inspect", "--format", "{{.Id}}", *tags)
    return hashlib.sha256(f"{list(SHELF)} {ids}".encode()).hexdigest()[:16]


async def _replacing(tag: str, *command: str, stdin: bytes | None = None) -> None:
    """Run what makes an image, and drop the one that had its tag before unless it is in use."""
    old = await docker("images", "--quiet", tag)
    await docker(*command, stdin=stdin)
    if old and old != await docker("images", "--quiet", tag):
        with suppress(DockerError):
            await docker("rmi", old)


@asynccontextmanager
async def _told(tag: str, say: Callable[[str], None]) -> AsyncIterator[None]:
    start = time.monotonic()
    yield
    say(f"{tag:<40}{time.monotonic() - start:6.1f} s")


def main() -> int:
    """Make the images and return an exit code."""
    try:
        asyncio.run(build_images(_print))
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
