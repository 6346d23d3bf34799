"""What the SSH shell alone promises: one known host key, and no end that was not seen."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import asyncssh
import pytest
from asyncssh.packet import UInt32

from docklet.adapters.ssh.keys import SshAccess
from docklet.adapters.ssh.shell import SshShell
from docklet.domain.errors import ConnectionLost, HostKeyMismatch, Unreachable
from docklet.domain.identity import RunKey
from docklet.domain.secret import Secret
from tests.contract.light import lit
from tests.contract.sshd import USER, Sshd, Wire, free_port, needs_sshd, serving, wired

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from docklet.domain.keys import RunKeys

ACCESS = SshAccess(token=Secret("dop_v1_canary"))
KEYS = ACCESS.keys(RunKey("0" * 20))
STRANGER = ACCESS.keys(RunKey("1" * 20))


def shell_on(port: int, *, keys: RunKeys = KEYS, timeout: float = 5) -> SshShell:
    """Make a shell on a loopback port."""
    return SshShell("127.0.0.1", keys, port=port, username=USER, timeout=timeout)


@pytest.fixture(params=["sshd", "light"])
async def sshd(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Sshd]:
    """Run the droplet's sshd, or a light droplet's."""
    if request.param == "light":
        async with lit(KEYS, USER) as machine:
            yield Sshd(port=machine.port, log=tmp_path / "none")
        return
    async with serving(KEYS, tmp_path) as server:
        yield server


@pytest.fixture
async def wire(sshd: Sshd) -> AsyncIterator[Wire]:
    """Put a wire that can be cut before sshd."""
    async with wired(sshd.port) as relay:
        yield relay


@pytest.fixture
async def shell(wire: Wire) -> AsyncIterator[SshShell]:
    """Make a shell at the end of the wire."""
    remote = shell_on(wire.port)
    yield remote
    await remote.close()


@needs_sshd
async def test_stranger_gets_nothing(tmp_path: Path) -> None:
    """A machine with another host key is refused before a user name or key is sent to it."""
    async with (
        serving(STRANGER, tmp_path, authorized=KEYS.client_public, level="DEBUG1") as other,
        wired(other.port) as wire,
    ):
        with pytest.raises(HostKeyMismatch, match="nothing was sent to it"):
            await shell_on(wire.port).run(["true"], stdin=b"canary")
        friend = shell_on(other.port, keys=_mixed(STRANGER, KEYS))
        assert other.logged("KEX done") == 0
        assert other.logged("userauth-request") == 0
        await friend.run(["true"])
        await friend.close()
        assert other.logged("userauth-request") > 0  # so that the line above proves something
    assert b"canary" not in wire.sent


def _mixed(host: RunKeys, client: RunKeys) -> RunKeys:
    """Expect the host key of one run and show the client key of another."""
    return type(host)(
        host_private=host.host_private,
        host_public=host.host_public,
        client_private=client.client_private,
        client_public=client.client_public,
    )


@needs_sshd
async def test_unknown_client_key_may_pass(tmp_path: Path) -> None:
    """The right machine that refuses the key is not reachable yet, and nobody to be afraid of."""
    async with serving(KEYS, tmp_path, authorized=STRANGER.client_public) as server:
        with pytest.raises(Unreachable, match="does not accept the run's key") as caught:
            await shell_on(server.port).run(["true"])
    assert not isinstance(caught.value, HostKeyMismatch | ConnectionLost)


@needs_sshd
async def test_one_connection_for_everything(wire: Wire, shell: SshShell) -> None:
    """All commands share one connection, also those that start at the same moment."""
    await asyncio.gather(*(shell.run(["true"]) for _ in range(6)))
    await shell.run(["true"])
    assert wire.connections == 1


@needs_sshd
async def test_cut_stream_is_lost_and_the_next_call_reconnects(
    wire: Wire, shell: SshShell
) -> None:
    """A stream that was cut never looks like one that ended."""
    stream = shell.stream(["yes"])
    await anext(stream)
    wire.cut()
    with pytest.raises(ConnectionLost, match="What runs there goes on"):
        await _drain(stream)
    assert (await shell.run(["echo", "back"])).stdout == b"back\n"
    assert wire.connections == 2


async def _drain(stream: AsyncIterator[bytes]) -> None:
    async for _ in stream:
        pass


@needs_sshd
async def test_cut_run_is_lost(wire: Wire, shell: SshShell) -> None:
    """A command whose connection breaks has no exit code, not even with output seen."""
    task = asyncio.create_task(shell.run(["sh", "-c", "echo done; sleep 60"]))
    await asyncio.sleep(1)
    wire.cut()
    with pytest.raises(ConnectionLost):
        await task


@needs_sshd
async def test_cut_while_sending_is_lost(wire: Wire, shell: SshShell) -> None:
    """A connection that breaks while input is sent is lost as well."""

    async def source() -> AsyncIterator[bytes]:
        for count in range(1000):
            if count == 20:
                wire.cut()
            yield b"x" * 100_000

    with pytest.raises(ConnectionLost):
        await shell.send(["wc", "-c"], source=source())


@needs_sshd
async def test_left_stream_ends_the_command(tmp_path: Path, shell: SshShell) -> None:
    """Whoever stops reading closes the channel, so that the command meets a broken pipe."""
    mark = tmp_path / "alive"
    stream = shell.stream(["sh", "-c", f"while echo x; do echo x > {mark}; sleep 0.05; done"])
    await anext(stream)
    await stream.aclose()
    await asyncio.sleep(0.3)
    mark.unlink()
    await asyncio.sleep(0.3)
    assert not mark.exists()


async def test_refused() -> None:
    """A port that nobody listens on is an unreachable machine."""
    with pytest.raises(Unreachable, match="may still be starting"):
        await shell_on(free_port()).run(["true"])


@asynccontextmanager
async def _saying(greeting: bytes, *, silent: bool) -> AsyncIterator[int]:
    """Serve something that is no SSH server for long."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()
        if silent:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
        writer.transport.abort()

    port = free_port()
    server = await asyncio.start_server(greet, "127.0.0.1", port)
    try:
        yield port
    finally:
        server.close()


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 No\r\n\r\n"])
async def test_reset_at_the_door(greeting: bytes) -> None:
    """A connection reset before the login, as sshd's restart makes, is unreachable, not lost."""
    async with _saying(greeting, silent=False) as port:
        with pytest.raises(Unreachable) as caught:
            await shell_on(port).run(["true"])
    assert not isinstance(caught.value, ConnectionLost)


async def test_mute_machine() -> None:
    """A machine that accepts and says nothing is given up after the time allowed."""
    async with _saying(b"", silent=True) as port:
        started = time.monotonic()
        with pytest.raises(Unreachable):
            await shell_on(port, timeout=0.5).run(["true"])
    assert time.monotonic() - started < 3


async def test_exit_code_before_lost_output() -> None:
    """An exit code that came before the connection ended does not vouch for the output."""

    async def leave(process: asyncssh.SSHServerProcess[bytes]) -> None:
        process.stdout.write(b"half")
        channel = process.channel
        channel._send_request(b"exit-status", UInt32(0))  # noqa: SLF001 - sshd may do this
        channel.get_connection().close()

    server = await asyncssh.create_server(
        asyncssh.SSHServer,
        "127.0.0.1",
        server_host_keys=[asyncssh.import_private_key(KEYS.host_private.reveal())],
        authorized_client_keys=asyncssh.import_authorized_keys(KEYS.client_public),
        process_factory=leave,
        encoding=None,
    )
    async with server:
        shell = shell_on(server.get_port())
        with pytest.raises(ConnectionLost):
            await shell.run(["results"])
        await shell.close()
