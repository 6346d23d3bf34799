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
def image(sandbox: SandboxClient, name: str, files: Mapping[str, str]) -> Iterator[str]:
    """Provide an image of `files` (a Dockerfile among them) as `name`; here it goes afterwards.

    A name of one word is what Docker Hub's own images have: droplets pull it as such.
    """
    tag = f"docklet-test/{name.rpartition('/')[2]}"
    command = ["docker", "build", "--quiet", "--force-rm", "--tag", tag, "-"]
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    subprocess.run(command, input=_context(files), check=True, env=environment, timeout=120)
    try:
        full = name if "/" in name else f"library/{name}"
        asyncio.run(push(sandbox.addresses.id, tag, full))
        yield name
    finally:
        subprocess.run(["docker", "rmi", tag], check=False, capture_output=True)


def _context(files: Mapping[str, str]) -> bytes:
    """Return a build context in which every file may be executed."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o755
            archive.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()
