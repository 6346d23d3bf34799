"""A machine with another host key than the run's is refused before anything is sent to it."""

from __future__ import annotations

import asyncio
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncssh
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.acceptance.scene import Scene

HELD_BACK = 15.0
"""Seconds that the delete is late, so that the machine's own log can be read before."""


@dataclass(frozen=True)
class Stranger:
    """The machine that answers in the droplet's place."""

    container: str
    address: str

    def heard(self) -> str:
        """Return what its sshd has written down so far, which is every step of every client."""
        command = ["docker", "exec", self.container, "cat", "/var/log/sshd.log"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def masquerade(scene: Scene) -> Iterator[Scene]:
    """Provide a scene on which droplets have host keys of their own."""
    scene.sandbox.settings(foreign_host_key=True)
    yield scene
    scene.sandbox.settings(foreign_host_key=False)


def test_another_host_key(masquerade: Scene) -> None:
    """The stranger hears no word of ours; the run ends with 33, says why, and deletes it."""
    scene = masquerade
    before = scene.write({"do.sh": "echo done > done.txt\n"})
    # An account's first run asks for the deletion of 1, to see whether it may.
    route = "/v2/droplets/[1-9][0-9]*"
    scene.sandbox.fault("delay", service="cloud", method="DELETE", route=route, latency=HELD_BACK)
    process = scene.start(
        *("run", "--repo", scene.repository, "--script", "do.sh"),
        *("--image", "docklet-sandbox/shell"),
    )
    stranger = at_delete(scene)
    heard = stranger.heard()
    careless_login(stranger)
    would_have_heard = stranger.heard()
    output = process.communicate(timeout=60)[0].decode()
    assert process.returncode == 33, output
    assert "SSH2_MSG_NEWKEYS sent" in heard
    for trace in ("SSH2_MSG_NEWKEYS received", "userauth", "authenticating"):
        assert trace not in heard
        assert trace in would_have_heard
    assert scene.branches() == {"main": before}
    assert "has another host key" in output
    assert "has another host key" in scene.comment()
    assert scene.sandbox.inventory().droplets == {}


def at_delete(scene: Scene) -> Stranger:
    """Return the machine whose delete is on the way."""
    end = time.monotonic() + 60
    while scene.sandbox.pending_faults():
        assert time.monotonic() < end, "Nothing was deleted."
        time.sleep(0.1)
    ((droplet, facts),) = scene.sandbox.inventory().droplets.items()
    container = f"docklet-sandbox-{scene.sandbox.addresses.id}-{droplet}"
    return Stranger(container, str(facts["address"]))


def careless_login(stranger: Stranger) -> None:
    """Try to log in as a client does that trusts any machine: what we must not do.

    cloud-init starts sshd once more when it is done, which cuts a connection off.
    """
    wait = ["docker", "exec", stranger.container, "cloud-init", "status", "--wait"]
    subprocess.run(wait, check=False, capture_output=True, timeout=HELD_BACK)

    async def attempt() -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        options = asyncssh.SSHClientConnectionOptions(
            username="root", known_hosts=None, client_keys=[key], config=None, agent_path=None
        )
        with pytest.raises(asyncssh.PermissionDenied):
            await asyncssh.connect(stranger.address, options=options)

    asyncio.run(attempt())
