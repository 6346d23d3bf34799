"""A registry that is busy, slow, or breaks off, as Docker and docklet's agent meet it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Self

import pytest
from aiohttp import web

from docklet_sandbox.edge import edge
from docklet_sandbox.faults import Faults, parse_fault
from docklet_sandbox.journal import Journal
from docklet_sandbox.registry import front_door
from tests.acceptance.test_agent_pull import Registry, digest_of, registry, rig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.acceptance.agent_rig import Rig

__all__ = ["registry", "rig"]
MANIFESTS, BLOBS = "/v2/{name}/manifests/{reference}", "/v2/{name}/blobs/{digest}"


class Door:
    """The sandbox's front door before a registry, in a thread of its own."""

    def __init__(self, upstream: str) -> None:
        """Take the registry's address."""
        self.faults = Faults()
        self.journal = Journal()
        guard = edge("registry", journal=self.journal, faults=self.faults, delay=lambda: 0.0)
        self._app = front_door(f"http://{upstream}", lambda: 0.0, guards=[guard])
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self.address = ""
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        """End, and forget the image that was pulled."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        remove = ("docker", "rmi", "--force", self.image)
        subprocess.run(remove, capture_output=True, check=False)

    @property
    def image(self) -> str:
        """The name of the registry's image, by this door."""
        return f"{self.address}/seed/tiny:1"

    def fault(self, kind: str, **fields: object) -> None:
        """Queue a fault."""
        self.faults.add(parse_fault({"kind": kind, "service": "registry", **fields}))

    def struck(self, kind: str) -> int:
        """Return how often a fault struck."""
        return sum(entry["fault"] == kind for entry in self.journal.entries("registry"))

    def _serve(self) -> None:
        runner = web.AppRunner(self._app, access_log=None)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
        self.address = f"127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()


@pytest.fixture
def door(registry: Registry) -> Iterator[Door]:
    """Open a front door before a registry with one image."""
    with Door(registry.address) as opened:
        yield opened


def test_pull_limit_speaks_as_docker_hub_does(door: Door) -> None:
    """The 429 has Docker Hub's code, words and headers."""
    door.fault("429", retry_after=60)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"http://{door.address}/v2/seed/tiny/manifests/1")
    with caught.value as answer:
        (error,) = json.loads(answer.read())["errors"]
    assert error["code"] == "TOOMANYREQUESTS"
    assert error["message"].startswith("You have reached your pull rate limit.")
    assert answer.headers["ratelimit-limit"] == "100;w=21600"
    assert answer.headers["retry-after"] == "60"


def test_limit_that_passes(door: Door, rig: Rig) -> None:
    """A registry that is busy at first is asked again."""
    door.fault("429", route=MANIFESTS, count=2)
    assert rig.ask("pull", image=door.image, attempts=5)["pulled"] is True
    assert door.struck("answer") == 2


@pytest.mark.parametrize(("status", "kind"), [(429, "pull-failed"), (404, "pull-not-found")])
def test_refusals(door: Door, rig: Rig, status: int, kind: str) -> None:
    """What stays refused is told as what it is."""
    door.fault(str(status), route=MANIFESTS, count=20)
    error = rig.ask("pull", image=door.image, attempts=2)["error"]
    assert error["kind"] == kind
    assert door.image in error["message"]


def test_cut_in_the_middle_of_a_layer(
    door: Door,
    registry: Registry,
    rig: Rig,
) -> None:
    """Half a layer is no layer: it is fetched again, and the image is the right one."""
    door.fault("commit_then_truncated", route=BLOBS)
    answer = rig.ask("pull", image=door.image, attempts=3)
    assert answer["digest"] == digest_of(registry.manifest)
    assert door.struck("truncated") == 1


def test_slow(door: Door, rig: Rig) -> None:
    """A slow registry is waited for."""
    door.fault("delay", route=BLOBS, latency=0.5, count=2)
    assert rig.ask("pull", image=door.image, attempts=1)["pulled"] is True
    assert door.struck("delay") == 2
