"""A bad network between the runner and a real droplet costs time, and nothing else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.acceptance.scene import Scene

SCRIPT = "for i in $(seq 8); do echo line $i; sleep 1; done\necho done > done.txt\n"


@pytest.fixture
def fronted(scene: Scene) -> Iterator[Scene]:
    """Provide a scene whose droplets are reached through byte proxies."""
    scene.sandbox.settings(proxied=True, ssh_delay=1.0)
    yield scene
    scene.sandbox.settings(proxied=False, ssh_delay=0.0)


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_everything_that_a_network_does(fronted: Scene) -> None:
    """An sshd that is late and hangs up, a cut, a restart and a partition: one whole result."""
    scene, sandbox = fronted, fronted.sandbox
    scene.write({"do.sh": SCRIPT})
    sandbox.wire(after_banner=True, count=2)
    sandbox.wire(cut=30_000)
    process = scene.start(
        *("run", "--repo", scene.repository, "--script", "do.sh"),
        *("--image", "docklet-sandbox/shell"),
    )
    until(lambda: sandbox.inventory().droplets)
    (droplet,) = sandbox.inventory().droplets
    proxy = sandbox.proxy_of(droplet)
    until(lambda: list(scene.folder.glob("docklet-*/run.log")))
    proxy.restart(1.0)
    connections = proxy.connections
    until(lambda: proxy.connections > connections)
    sandbox.partition(droplet)
    time.sleep(2)
    sandbox.heal(droplet)
    output = process.communicate(timeout=120)[0].decode()
    assert process.returncode == 0, output
    assert scene.show("done.txt") == b"done\n"
    (log,) = scene.folder.glob("docklet-*/run.log")
    assert log.read_text().splitlines() == [f"line {number + 1}" for number in range(8)]
    assert sandbox.inventory().droplets == {}
