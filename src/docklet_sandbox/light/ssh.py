"""The SSH side of a light droplet: who gets in, and what a command reads and writes."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Any, Final, Protocol

import asyncssh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PIECE: Final = 1 << 18
_RESET: Final = struct.pack("ii", 1, 0)
"""Lingering for no time: closing resets the connection."""


class Gate(Protocol):
    """Who gets in, and whether packets get through."""

    user: str
    """Who gets in."""
    authorized: set[bytes]
    """The keys that get in, without comments."""
    links: set[asyncssh.SSHServerConnection]
    """Connections that there are."""
    connected: asyncio.Event
    """Unset while no packet gets through."""


class _Guard(asyncssh.SSHServer):
    """Lets one user in with an authorised key."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._link: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._link = conn
        self._gate.links.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._link is not None:
            self._gate.links.discard(self._link)

    def begin_auth(self, username: str) -> bool:
        return bool(username) or True  # nobody gets in without a key

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self._gate.user and public_line(key) in self._gate.authorized


class ChannelPipes:
    """The three pipes of a command, over its channel."""

    def __init__(self, gate: Gate, process: asyncssh.SSHServerProcess[bytes]) -> None:
        """Read and write what the channel carries."""
        self._gate = gate
        self._process = process

    async def line(self) -> bytes:
        """Return the first line of the input."""
        return await self._process.stdin.readline()

    async def read(self) -> bytes:
        """Return a piece of the input; nothing at its end."""
        return await self._process.stdin.read(_PIECE)

    async def rest(self) -> bytes:
        """Return the input to its end."""
        return b"".join([piece async for piece in _until_empty(self.read)])

    async def write(self, data: bytes) -> None:
        """Write to the output; wait while the other side is slow, or cut off."""
        await self._write(self._process.stdout, data)

    async def complain(self, data: bytes) -> None:
        """Write to the error output."""
        await self._write(self._process.stderr, data)

    async def left(self) -> None:
        """Wait until nobody reads any more."""
        await self._process.wait_closed()

    async def _write(self, pipe: asyncssh.SSHWriter[bytes], data: bytes) -> None:
        await self._gate.connected.wait()
        if self._process.is_closing():
            raise BrokenPipeError
        pipe.write(data)
        await pipe.drain()


async def _until_empty(read: Callable[[], Any]) -> Any:  # noqa: ANN401 - an async generator
    while piece := await read():
        yield piece


def server_options(
    gate: Gate,
    host_keys: Iterable[asyncssh.SSHKey],
    attend: Callable[[asyncssh.SSHServerProcess[bytes]], None],
) -> asyncssh.SSHServerConnectionOptions:
    """Return what connections are accepted with: the quickest of what OpenSSH offers."""
    return asyncssh.SSHServerConnectionOptions(
        server_factory=lambda: _Guard(gate),
        process_factory=attend,
        server_host_keys=list(host_keys),
        server_version="light",
        encoding=None,
        kex_algs=["curve25519-sha256"],
        encryption_algs=["aes128-gcm@openssh.com"],
        compression_algs=None,
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        allow_pty=False,
    )


def public_line(key: asyncssh.SSHKey) -> bytes:
    """Return a public key without its comment."""
    return b" ".join(key.export_public_key().split()[:2])


def keys_of(lines: Iterable[str]) -> set[bytes]:
    """Read lines of `authorized_keys`; what is no key is passed over, as sshd does."""
    found = set()
    for line in lines:
        try:
            found.add(public_line(asyncssh.import_public_key(line)))
        except (asyncssh.KeyImportError, ValueError):
            continue
    return found


def reset(link: asyncssh.SSHServerConnection) -> None:
    """Break a connection off as a machine does that knows nothing of it."""
    wire = link.get_extra_info("socket")
    if wire is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    link.abort()


def hold(link: asyncssh.SSHServerConnection, *, holding: bool) -> None:
    """Read nothing from a connection any more, or again."""
    transport = link._transport  # noqa: SLF001 - asyncssh offers no other way to its socket
    if transport is not None:
        (transport.pause_reading if holding else transport.resume_reading)()
