"""A real sshd on a loopback port, and a wire to it that can be cut."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import socket
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from docklet.domain.keys import RunKeys

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_sshd = pytest.mark.skipif(SSHD is None, reason="OpenSSH's sshd is not installed")
USER = getpass.getuser()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sshd:
    """A running server."""

    port: int
    log: Path

    def logged(self, text: str) -> int:
        """Count the lines of the log that have `text`."""
        return sum(text in line for line in self.log.read_text(errors="replace").splitlines())


@asynccontextmanager
async def serving(
    keys: RunKeys, folder: Path, *, authorized: str = "", level: str = "VERBOSE"
) -> AsyncIterator[Sshd]:
    """Run sshd with the run's host key, for the run's client key unless told otherwise."""
    port = free_port()
    log = folder / "sshd.log"
    config = _config(keys, folder, port, authorized or keys.client_public)
    with config.open("a") as more:
        more.write(f"LogLevel {level}\n")
    with log.open("wb") as sink:
        server = await asyncio.create_subprocess_exec(
            str(SSHD), "-D", "-e", "-f", str(config), stderr=sink
        )
    try:
        await _answering(port)
        yield Sshd(port=port, log=log)
    finally:
        server.terminate()
        await server.wait()


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _config(keys: RunKeys, folder: Path, port: int, authorized: str) -> Path:
    host_key = folder / "host_key"
    host_key.touch(mode=0o600)
    host_key.write_text(keys.host_private.reveal())
    (folder / "authorized_keys").write_text(f"{authorized}\n")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {host_key}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\n"
        "PermitRootLogin prohibit-password\n"
    )
    return config


async def _answering(port: int) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(10):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)


@dataclass(slots=True, kw_only=True)
class Wire:
    """A relay to a port, which counts what passes and can be cut."""

    port: int
    target: int
    passed: int = 0
    """Bytes that came from the target."""
    sent: bytearray = field(default_factory=bytearray)
    """What the client sent."""
    connections: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def cut(self) -> None:
        """Reset all connections."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect one client with the target."""
        self.connections += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers += [writer, far_writer]
        await asyncio.gather(
            self._pump(reader, far_writer, upwards=True),
            self._pump(far_reader, writer, upwards=False),
        )

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, upwards: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if upwards:
                    self.sent += data
                else:
                    self.passed += len(data)
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def wired(target: int) -> AsyncIterator[Wire]:
    """Open a relay to `target`."""
    port = free_port()
    wire = Wire(port=port, target=target)
    server = await asyncio.start_server(wire.relay, "127.0.0.1", port)
    try:
        yield wire
    finally:
        wire.cut()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)
