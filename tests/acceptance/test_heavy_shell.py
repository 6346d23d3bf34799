"""A shell on a real droplet passes what one on a light droplet passes: the very same tests."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from docklet.adapters.digitalocean.cloud import DigitalOcean
from docklet.adapters.ssh.keys import SshAccess
from docklet.domain.errors import ConnectionLost, Unreachable
from docklet.domain.identity import RunKey
from docklet.domain.secret import Secret
from docklet.render.userdata import user_data
from docklet_sandbox.virtual_time import VirtualClock
from tests.contract import test_shell
from tests.contract.test_cloud import REQUEST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from docklet.adapters.ssh.shell import SshShell
    from docklet_sandbox.client import SandboxClient

RUN: Final = RunKey("c0ffee" * 3 + "00")
BOOTS_WITHIN: Final = 60.0
"""Seconds."""

globals().update({k: each for k, each in vars(test_shell).items() if k.startswith("test_")})


@pytest.fixture(scope="module")
def address(sandbox: SandboxClient) -> Iterator[str]:
    """Rent a droplet that docklet's own user_data sets up."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", sandbox.addresses.bundle)
        token = Secret(sandbox.addresses.cloud_token)
        cloud = DigitalOcean(token, clock=VirtualClock(), endpoint=sandbox.addresses.cloud)
        yield asyncio.run(_booted(cloud, SshAccess(token=token)))
        cloud.close()
    sandbox.reset()


@pytest.fixture
async def shell(sandbox: SandboxClient, address: str) -> AsyncIterator[SshShell]:
    """Offer a shell on it."""
    access = SshAccess(token=Secret(sandbox.addresses.cloud_token))
    remote = access.shell(address, access.keys(RUN))
    yield remote
    await remote.close()


async def _booted(cloud: DigitalOcean, access: SshAccess) -> str:
    """Rent a droplet, wait until it lets us in, and return its address."""
    keys = access.keys(RUN)
    data = user_data(keys, image="docklet-sandbox/shell", install_docker=False)
    made = await cloud.create(replace(REQUEST, user_data=data))
    found = await cloud.droplet(made.droplet_id)
    assert found is not None
    shell = access.shell(found.address, keys)
    async with asyncio.timeout(BOOTS_WITHIN):
        while not await _answers(shell):  # noqa: ASYNC110 - nothing tells of a droplet's boot
            await asyncio.sleep(0.5)
    await shell.close()
    return found.address


async def _answers(shell: SshShell) -> bool:
    """Tell whether the machine is set up; until then its sshd may start once more."""
    try:
        await shell.run(["cloud-init", "status", "--wait"])
    except (ConnectionLost, Unreachable):
        return False
    return True
