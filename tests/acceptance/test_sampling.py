"""A token would be seen in all that runs on droplets, on their disks, and in logs."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.clients.conftest import cloud
from tests.acceptance.disks import left_on_disks
from tests.acceptance.inspection import inside, running
from tests.acceptance.sampling import CONTROL, Sampled
from tests.acceptance.scene import SHELL_IMAGE, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.client import SandboxClient

ORDER = {"name": "seen", "size": "s-1vcpu-1gb", "image": "docker-20-04", "region": "nyc3"}
HAVING = f"""
read -r it
until docker info; do sleep 0.1; done >/dev/null 2>&1
docker run --rm --env SEEN=$it {SHELL_IMAGE} sleep 0.5
"""


@pytest.fixture(name="droplet")
def _droplet(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Rent a droplet and return its container's name."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", sandbox.addresses.bundle)
    client = cloud(sandbox)
    number = client.droplets.create(ORDER)["droplet"]["id"]
    yield running(f"{sandbox.addresses.network}-{number}")
    client.droplets.destroy(number)


def test_a_token_on_a_droplet_is_seen(
    observed: tuple[SandboxClient, Sampled], droplet: str
) -> None:
    """So it is in arguments there, and in the environment of a container on the droplet."""
    _, seen = observed
    token = seen.cage[CONTROL]
    inside(droplet, "timeout", "60", "sh", "-c", HAVING, stdin=f"{token}\n".encode())
    sights = seen.news()
    places = {(sight.place, sight.program.split()[0], sight.container) for sight in sights}
    assert {("arguments", "docker", droplet), ("variable SEEN", "sleep", droplet)} <= places
    assert {sight.token for sight in sights} == {CONTROL}
    assert not any(token in str(sight) for sight in sights)


def test_a_token_elsewhere_is_not_seen(observed: tuple[SandboxClient, Sampled]) -> None:
    """Containers of the runner's, which have tokens in their environment, are no droplets."""
    client, seen = observed
    label = f"--label=docklet.sandbox={client.addresses.id}"
    command = ["docker", "run", "--rm", label, "--env", "SEEN", SHELL_IMAGE, "sleep", "0.5"]
    subprocess.run(command, env={"SEEN": seen.cage[CONTROL]}, check=True)
    assert seen.news() == []


def test_a_token_on_a_disk_is_found(sandbox: SandboxClient, droplet: str) -> None:
    """A deleted droplet's disk is searched, volumes included, and then removed."""
    token = sandbox.addresses.workflow_token.encode()
    for place in ("/root/planted", "/var/lib/docker/planted"):
        inside(droplet, "sh", "-c", f"cat > {place}; : > /root/$(cat {place})", stdin=token)
    sandbox.settings(keep_disks=True)
    try:
        cloud(sandbox).droplets.destroy(int(droplet.rpartition("-")[2]))
        found = {leak.place.rpartition("/")[2] for leak in left_on_disks(sandbox)}
    finally:
        sandbox.settings(keep_disks=False)
    assert found == {"planted", "names"}
    assert left_on_disks(sandbox) == set()


def test_command_lines_log_at_debug_level(scene: Scene) -> None:
    """All that libraries log about a command is among the sandbox's logs, which are searched."""
    assert scene.docklet("ls").code == 0
    logs = (Path(scene.sandbox.addresses.state) / "logs").glob("debug-*.log")
    assert any("DEBUG:urllib3" in log.read_text() for log in logs)
