"""Images that are made for a test: small ones, in the registry of the running sandbox.

Each stands on an image that is there already, so that making it takes a second.
"""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from docklet_sandbox.registry import push

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docklet_sandbox.client import SandboxClient


@contextmanager
def built(name: str, files: Mapping[str, str | bytes]) -> Iterator[str]:
    """Provide an image of `files` (a Dockerfile among them) on this machine, for a while."""
    command = ["docker", "build", "--quiet", "--force-rm", "--tag", name, "-"]
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    subprocess.run(
        command,
        input=_context(files),
        check=True,
        env=environment,
        timeout=120,
        capture_output=True,
    )
    try:
        yield name
    finally:
        subprocess.run(["docker", "rmi", name], check=False, capture_output=True)


@contextmanager
def pushed(
    sandbox: SandboxClient, files: Mapping[str, str | bytes], *names: str
) -> Iterator[None]:
    """Have an image of `files` in the registry, under names that droplets pull."""
    with built("docklet-test/pushed", files) as made:
        for name in names:
            asyncio.run(push(sandbox.addresses.id, made, name))
        yield


def _context(files: Mapping[str, str | bytes]) -> bytes:
    """Return a build context in which every file may be executed."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in files.items():
            content = text.encode() if isinstance(text, str) else text
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()
