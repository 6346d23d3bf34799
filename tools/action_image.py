"""Build the action's image as every machine can, and say how large it is to pull."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tools.pins import unpinned

ROOT: Final = Path(__file__).resolve().parent.parent
TAG: Final = "docklet-action:latest"
LIMIT: Final = 130.0
"""Megabytes, compressed: what a runner that has never seen the image downloads."""
_BLOCK: Final = 1 << 20


def build(tag: str, *options: str) -> None:
    """Build the image with the classic builder, on the base of that tag whatever its digest.

    A base that is known by its digest has to come from its registry; the one that the sandbox
    makes on a machine that reaches none has the tag only.
    """
    base = unpinned((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    command = ["docker", "build", "--quiet", f"--tag={tag}", f"--build-arg=BASE={base}", *options]
    done = subprocess.run(
        [*command, str(ROOT)],
        check=False,
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        message = f"The action's image could not be built: {done.stderr.strip()}"
        raise RuntimeError(message)


def megabytes(tag: str) -> float:
    """Return the size of an image's layers, compressed as lightly as registries may."""
    counted = _Counted()
    with (
        subprocess.Popen(["docker", "save", tag], stdout=subprocess.PIPE) as save,
        gzip.GzipFile(fileobj=counted, mode="wb", compresslevel=1) as packed,
    ):
        assert save.stdout is not None  # noqa: S101 - asked for one line above
        while block := save.stdout.read(_BLOCK):
            packed.write(block)
    if save.returncode:
        message = f"Docker could not save {tag}."
        raise RuntimeError(message)
    return counted.size / 1e6


class _Counted:
    """A file that keeps nothing but its length."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> int:
        """Count the bytes."""
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is nothing to flush."""


def main() -> int:
    """Build the image, print its size, and fail when it is too large."""
    build(TAG)
    size = megabytes(TAG)
    sys.stdout.write(f"action image: {size:.1f} MB compressed, of {LIMIT:g} MB at most\n")
    return int(size > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
