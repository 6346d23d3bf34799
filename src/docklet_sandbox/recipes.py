"""Which images the sandbox has, and which content makes one of them up to date.

An image carries the digest of what it was made from as a label; an image with another digest, or
none, is made anew, and so is everything that stands on it.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

CONTENT = "docklet.sandbox.content"
"""The label with the digest of what an image was made from."""
_FOLDER = Path(__file__).with_name("images")
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One folder below `images/`, and the tag of what is made from it."""

    name: str
    tag: str

    @property
    def folder(self) -> Path:
        """Where the Dockerfile and the files beside it are."""
        return _FOLDER / self.name

    def files(self) -> dict[str, bytes]:
        """Return what the folder holds and, for the base, this machine's authorities."""
        files = {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}
        return files | (_authorities() if self is BASE else {})

    def digest(self) -> str:
        """Return what changes whenever this image, or the base below it, has to be made anew."""
        sum_ = hashlib.sha256(b"" if self is BASE else BASE.digest().encode())
        for name, content in self.files().items():
            sum_.update(f"{name}\0{len(content)}\0".encode() + content)
        return sum_.hexdigest()[:16]

    def context(self) -> bytes:
        """Return the files as the tar archive that `docker build -` takes."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for name, content in self.files().items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                member.mode = 0o755 if content.startswith(b"#!") else 0o644
                archive.addfile(member, io.BytesIO(content))
        return stream.getvalue()


def _recipe(name: str) -> Recipe:
    return Recipe(name=name, tag=f"docklet-sandbox/{name}:latest")


BASE = _recipe("base")
PYTHON = Recipe(name="python", tag="python:3.11-slim-bookworm")
"""Stands in for the image of that name, under which the action's Dockerfile asks for it."""
REGISTRY = Recipe(name="registry", tag="docklet-sandbox/registry:empty")
SHELL = _recipe("shell")
R_KNITR = _recipe("r-knitr")
DROPLET = _recipe("droplet")
RUNNER = _recipe("runner")
UPON_BASE = (DROPLET, R_KNITR, PYTHON, REGISTRY, SHELL, RUNNER)
"""The longest to make come first, since two are made at a time."""

SHELF = {
    "docklet-sandbox/r-knitr": R_KNITR,
    "docklet-sandbox/shell": SHELL,
    "library/python:3": PYTHON,
    "library/ubuntu": SHELL,
    "rocker/verse": R_KNITR,
}
"""What the registry of every sandbox has, among it stand-ins for docklet's default images."""


def _authorities() -> dict[str, bytes]:
    bundle = Path(os.environ.get("SSL_CERT_FILE") or _AUTHORITIES)
    return {"ca-certificates.crt": bundle.read_bytes() if bundle.exists() else b""}
