"""The SSH shell on bad wires gets through, or says that it did not; it makes up no end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from docklet.domain.errors import ConnectionLost, HostKeyMismatch, Unreachable
from docklet_sandbox.proxy import Proxy
from docklet_sandbox.wire import Wire
from tests.contract.sshd import Sshd, needs_sshd, serving
from tests.contract.test_ssh import KEYS, STRANGER, shell_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from docklet.adapters.ssh.shell import SshShell

HOST = "127.0.0.1"
pytestmark = needs_sshd
PAYLOAD = b"0123456789abcdef" * 8192


@pytest.fixture
async def sshd(tmp_path: Path) -> AsyncIterator[Sshd]:
    """Run the droplet's sshd."""
    async with serving(KEYS, tmp_path) as server:
        yield server


@pytest.fixture
async def proxy(sshd: Sshd) -> AsyncIterator[Proxy]:
    """Put a proxy before it."""
    made = Proxy(HOST, (HOST, sshd.port))
    await made.listen()
    yield made
    await made.close()
    await asyncio.sleep(0)


@pytest.fixture
async def shell(proxy: Proxy) -> AsyncIterator[SshShell]:
    """Make a shell that connects through the proxy."""
    remote = shell_on(proxy.port)
    yield remote
    await remote.close()


@pytest.mark.parametrize("count", [0, 10, 300, 1200, 2000, 3000, 20_000])
async def test_cut_after_bytes(proxy: Proxy, shell: SshShell, count: int) -> None:
    """Wherever a connection is cut, no output passes for the whole; the next one gets it all."""
    proxy.wires.add(Wire(cut=count))
    with pytest.raises((Unreachable, ConnectionLost)):
        await shell.run(["cat"], stdin=PAYLOAD)
    assert (await shell.run(["cat"], stdin=PAYLOAD)).stdout == PAYLOAD
    assert proxy.connections == 2


async def test_reset_after_the_banner(proxy: Proxy, shell: SshShell) -> None:
    """An sshd that hangs up after its greeting is not ready yet, however often it does so."""
    proxy.wires.add(Wire(after_banner=True, count=3))
    for _ in range(3):
        with pytest.raises(Unreachable) as caught:
            await shell.run(["true"])
        assert not isinstance(caught.value, ConnectionLost)
    assert (await shell.run(["echo", "up"])).stdout == b"up\n"


@pytest.mark.parametrize(
    "wire", [Wire(split=1), Wire(delay=0.02), Wire(bandwidth=400_000, split=1000)], ids=str
)
async def test_poor_but_honest(proxy: Proxy, shell: SshShell, wire: Wire) -> None:
    """Bytes that come one by one, late or slowly are all there in the end."""
    proxy.wires.add(wire)
    payload = PAYLOAD[:20_000]
    assert (await shell.run(["cat"], stdin=payload)).stdout == payload


@pytest.mark.parametrize("count", [0, 30, 1500])
async def test_silence_at_the_door(proxy: Proxy, sshd: Sshd, count: int) -> None:
    """A machine that falls silent before the login is over is given up, and tried again."""
    proxy.wires.add(Wire(hole=count))
    shell = shell_on(proxy.port, timeout=1)
    with pytest.raises(Unreachable):
        await shell.run(["true"])
    await shell.close()
    patient = shell_on(proxy.port)
    assert (await patient.run(["echo", "back"])).stdout == b"back\n"
    await patient.close()
    assert sshd.logged("Accepted publickey") == 1


async def test_partition_that_heals(proxy: Proxy, shell: SshShell, tmp_path: Path) -> None:
    """What was said while the network was away is heard when it is back, all of it, once."""
    mark = tmp_path / "mark"
    script = f"echo one; until [ -e {mark} ]; do sleep 0.02; done; echo two; echo three"
    stream = shell.stream(["sh", "-c", script])
    assert await anext(stream) == b"one\n"
    proxy.hold()
    rest = asyncio.ensure_future(_rest(stream))
    mark.touch()
    done, _ = await asyncio.wait([rest], timeout=0.3)
    assert not done
    proxy.release()
    assert await rest == b"two\nthree\n"
    assert proxy.connections == 1


async def _rest(stream: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in stream])


async def test_sshd_restarts(proxy: Proxy, shell: SshShell) -> None:
    """A restart breaks what runs, refuses for a while, and then lets the same shell in again."""
    stream = shell.stream(["yes"])
    await anext(stream)
    proxy.restart(0.5)
    with pytest.raises(ConnectionLost):
        async for _ in stream:
            pass
    with pytest.raises(Unreachable, match="may still be starting"):
        await shell.run(["true"])
    async with asyncio.timeout(10):
        assert await _insisting(shell, "back") == b"back\n"


async def _insisting(shell: SshShell, word: str) -> bytes:
    """Have a word repeated as soon as the machine is there."""
    while True:
        try:
            return (await shell.run(["echo", word])).stdout
        except Unreachable:
            await asyncio.sleep(0.05)


async def test_another_machine_after_the_restart(
    proxy: Proxy, shell: SshShell, tmp_path: Path
) -> None:
    """A machine that comes back with another host key hears nothing, even in mid-run."""
    await shell.run(["true"])
    (tmp_path / "other").mkdir()
    client = KEYS.client_public
    async with serving(STRANGER, tmp_path / "other", authorized=client, level="DEBUG1") as other:
        proxy.target = (HOST, other.port)
        proxy.sever()
        with pytest.raises((HostKeyMismatch, ConnectionLost)):
            await shell.run(["sh", "-c", "cat"], stdin=b"canary")
        with pytest.raises(HostKeyMismatch):
            await shell.run(["sh", "-c", "cat"], stdin=b"canary")
        assert other.logged("Connection from") > 0
        assert other.logged("userauth-request") == 0
