"""The agent pulls images with a login that is written nowhere, and knows when to repeat."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.server
import json
import subprocess
import tarfile
import threading
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.agent_rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "canary-registry-password-51"
IMAGE_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def digest_of(content: bytes) -> str:
    """Return a content's name in a registry."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Registry:
    """A registry with one image, `seed/tiny:1`, behind a login if it has one."""

    password: str = ""
    failures: list[int] = field(default_factory=list)
    """Statuses of the next answers about the manifest."""
    address: str = ""
    manifest: bytes = b""
    blobs: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make an image that nobody has."""
        buffer = BytesIO()
        content = str(time.time_ns()).encode()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            member = tarfile.TarInfo("unique")
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
        layer = gzip.compress(buffer.getvalue())
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "rootfs": {"type": "layers", "diff_ids": [digest_of(buffer.getvalue())]},
            }
        ).encode()
        self.blobs = {digest_of(blob): blob for blob in (layer, config)}
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": IMAGE_MANIFEST,
                "config": {
                    "mediaType": "application/vnd.docker.container.image.v1+json",
                    "size": len(config),
                    "digest": digest_of(config),
                },
                "layers": [
                    {
                        "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                        "size": len(layer),
                        "digest": digest_of(layer),
                    }
                ],
            }
        ).encode()

    @property
    def image(self) -> str:
        """The image's full name."""
        return f"{self.address}/seed/tiny:1"


class _Handler(http.server.BaseHTTPRequestHandler):
    rules: Registry

    def do_GET(self) -> None:
        """Answer as a registry does."""
        login = base64.b64encode(f"seed:{self.rules.password}".encode()).decode()
        if self.rules.password and self.headers.get("Authorization") != f"Basic {login}":
            self.answer(401, b"{}", ("WWW-Authenticate", 'Basic realm="registry"'))
        elif self.path == "/v2/":
            self.answer(200, b"{}")
        elif "/manifests/" in self.path:
            self.manifest()
        elif (name := self.path.rpartition("/")[2]) in self.rules.blobs:
            self.answer(200, self.rules.blobs[name])
        else:
            self.answer(404, b"{}")

    do_HEAD = do_GET  # noqa: N815 (the name that the base class calls)

    def manifest(self) -> None:
        """Answer a question about an image."""
        if self.rules.failures:
            status = self.rules.failures.pop(0)
            codes = {429: "TOOMANYREQUESTS", 404: "MANIFEST_UNKNOWN"}
            error = {"code": codes.get(status, "UNKNOWN"), "message": "no"}
            self.answer(status, json.dumps({"errors": [error]}).encode())
        else:
            kind = ("Content-Type", IMAGE_MANIFEST)
            name = ("Docker-Content-Digest", digest_of(self.rules.manifest))
            self.answer(200, self.rules.manifest, kind, name)

    def answer(self, status: int, content: bytes, *fields: tuple[str, str]) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in (*fields, ("Docker-Distribution-Api-Version", "registry/2.0")):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    """Serve an image; dockerd speaks plain HTTP to registries on this machine."""
    registry = Registry()
    handler = type("Handler", (_Handler,), {"rules": registry})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    registry.address = f"127.0.0.1:{server.server_port}"
    yield registry
    server.shutdown()
    server.server_close()
    thread.join()
    remove = ("docker", "rmi", "--force", registry.image)
    subprocess.run(remove, capture_output=True, check=False)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Provide an agent."""
    return Rig.install(tmp_path / "run")


def test_an_image_is_pulled(rig: Rig, registry: Registry) -> None:
    """The answer names the image by the digest that the registry has for it."""
    answer = rig.ask("pull", image=registry.image, attempts=1, wait=5)
    assert answer["digest"] == digest_of(registry.manifest)
    assert answer["pulled"] is True
    assert answer["size"] > 0


def test_a_login_is_written_nowhere(rig: Rig, registry: Registry) -> None:
    """A private image comes with a login that no file has afterwards."""
    registry.password = PASSWORD
    answer = rig.ask("pull", image=registry.image, username="seed", password=PASSWORD)
    assert answer["pulled"] is True
    places = [str(rig.home), str(Path.home() / ".docker"), "/dev/shm"]  # noqa: S108 (searched only)
    found = subprocess.run(("grep", "-rl", PASSWORD, *places), capture_output=True, check=False)
    assert found.stdout == b""


def test_limits_and_outages_are_outlasted(rig: Rig, registry: Registry) -> None:
    """A registry that is busy at first is asked again."""
    registry.failures = [429, 429]
    assert rig.ask("pull", image=registry.image, attempts=5)["pulled"] is True


@pytest.mark.parametrize(
    ("failures", "kind"), [([404] * 9, "pull-not-found"), ([429] * 9, "pull-failed")]
)
def test_failures(rig: Rig, registry: Registry, failures: list[int], kind: str) -> None:
    """What can't be mended by waiting is told at once; what can, after the last attempt."""
    registry.failures = failures
    error = rig.ask("pull", image=registry.image, attempts=2)["error"]
    assert error["kind"] == kind
    assert registry.image in error["message"]


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_login_that_is_wrong(rig: Rig, registry: Registry, password: str) -> None:
    """Without the right login the image is denied, at once, and the password is not told."""
    registry.password = PASSWORD
    username = "seed" if password else ""
    error = rig.ask("pull", image=registry.image, username=username, password=password)["error"]
    assert error["kind"] == "pull-denied"
    assert "wrong" not in error["message"].replace("incorrect", "")


def test_no_docker(tmp_path: Path) -> None:
    """A machine without Docker is told as such, after the wait that was asked for."""
    rig = Rig.install(tmp_path / "run", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    began = time.monotonic()
    assert rig.ask("pull", image="x", wait=1)["error"]["kind"] == "docker-missing"
    assert time.monotonic() - began > 1
