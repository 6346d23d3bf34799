"""A shell on a droplet, over one multiplexed SSH connection to one known host key.

One connection, since Docker 1-click images refuse more than six new ones in 30 seconds. Nothing
of this machine takes part: no configuration, agent, known hosts or key files.
"""

from __future__ import annotations

import asyncio
import shlex
from contextlib import aclosing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from docklet.adapters.exchange import complete, follow, once
from docklet.domain.errors import ConnectionLost, HostKeyMismatch, KeyRefused, Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence

    from asyncssh import SSHClientConnection, SSHClientProcess

    from docklet.domain.keys import LoginKeys
    from docklet.ports import Completed

PORT: Final = 22
CONNECT_TIMEOUT: Final = 10.0
"""Seconds for TCP and the key exchange, and as many again for the login."""
_KEEPALIVE: Final = 15.0
"""Seconds between questions to a silent machine; four unanswered ones end the connection."""
_KEEPALIVE_COUNT: Final = 4
_CIPHERS: Final = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
"""Before all others: processors do these by themselves, and a log may be gigabytes."""
_HANG_UP: Final = 2.0
"""Seconds that a machine gets for an orderly goodbye."""


class SshShell:
    """Runs commands as root on the machine that holds the run's host key, and on no other.

    Cancelling a call closes its channel; a command that does not notice goes on running.
    """

    def __init__(
        self,
        address: str,
        keys: LoginKeys,
        *,
        port: int = PORT,
        username: str = "root",
        timeout: float = CONNECT_TIMEOUT,
    ) -> None:
        """Remember where to connect to; `timeout` counts twice, see `CONNECT_TIMEOUT`."""
        self._address = address
        self._keys = keys
        self._port = port
        self._username = username
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._connection: SSHClientConnection | None = None

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"") -> Completed:
        """Run a command to its end; raise `ConnectionLost` when the end was not seen."""
        return await self.send(argv, source=once(stdin))

    async def stream(self, argv: Sequence[str], *, stdin: bytes = b"") -> AsyncGenerator[bytes]:
        """Yield a command's standard output as it comes; see the port for how it ends."""
        remote = await self._start(argv)
        async with aclosing(follow(remote, argv, once(stdin))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def send(self, argv: Sequence[str], *, source: AsyncIterator[bytes]) -> Completed:
        """Run a command whose standard input is `source`."""
        return await complete(await self._start(argv), argv, source)

    async def close(self) -> None:
        """Hang up; never raises."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        connection.close()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_HANG_UP):
                    await connection.wait_closed()
        finally:
            connection.abort()

    async def _start(self, argv: Sequence[str]) -> _Remote:
        """Start a command, on the connection that there is or on a new one."""
        connection = await self._connected()
        starting: asyncio.Future[SSHClientProcess[bytes]] = asyncio.ensure_future(
            connection.create_process(shlex.join(argv), encoding=None)
        )
        try:
            with _translated(self._address):
                process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(_close_late)  # a channel in the making has no other owner
            raise
        return _Remote(self._address, connection, process)

    async def _connected(self) -> SSHClientConnection:
        async with self._lock:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            return self._connection

    async def _connect(self) -> SSHClientConnection:
        """Connect to the pinned host key; nothing is sent before it is verified."""
        import asyncssh

        where = f"{self._address}:{self._port}"
        try:
            return await asyncssh.connect(self._address, self._port, **self._options())
        except asyncssh.HostKeyNotVerifiable as error:
            raise HostKeyMismatch(_STRANGER.format(where=where)) from error
        except asyncssh.PermissionDenied as error:
            raise KeyRefused(_REFUSED.format(where=where)) from error
        except asyncssh.KeyExchangeFailed as error:
            raise Unreachable(_NO_KEY.format(where=where, error=error)) from error
        except (asyncssh.Error, OSError) as error:
            cause = str(error) or type(error).__name__
            raise Unreachable(_SILENT.format(where=where, cause=cause)) from error

    def _options(self) -> dict[str, Any]:
        """Return what a connection is made with."""
        import asyncssh

        return {
            "username": self._username,
            "client_keys": [asyncssh.import_private_key(self._keys.client_private.reveal())],
            "known_hosts": ([asyncssh.import_public_key(self._keys.host_public)], [], []),
            "server_host_key_algs": ["ssh-ed25519"],
            "x509_trusted_certs": None,
            "config": None,
            "agent_path": None,
            "preferred_auth": ["publickey"],
            "password_auth": False,
            "kbdint_auth": False,
            "host_based_auth": False,
            "gss_kex": False,
            "gss_auth": False,
            "compression_algs": None,
            "encryption_algs": _CIPHERS,
            "keepalive_interval": _KEEPALIVE,
            "keepalive_count_max": _KEEPALIVE_COUNT,
            "connect_timeout": self._timeout,
            "login_timeout": self._timeout,
        }


class _Remote:
    """A command on the other side of an SSH channel."""

    def __init__(
        self, address: str, connection: SSHClientConnection, process: SSHClientProcess[bytes]
    ) -> None:
        self._address = address
        self._connection = connection
        self._process = process

    async def read(self, size: int) -> bytes:
        with _translated(self._address):
            return await self._process.stdout.read(size)

    async def read_error(self, size: int) -> bytes:
        with _translated(self._address):
            return await self._process.stderr.read(size)

    async def write(self, data: bytes) -> None:
        with _translated(self._address):
            self._process.stdin.write(data)
            await self._process.stdin.drain()

    def end_input(self) -> None:
        with suppress(OSError):
            self._process.stdin.write_eof()

    async def wait(self) -> int:
        """Return the exit code; none, or a dead connection behind it, is no end at all.

        sshd may send the exit code before the last output, so a connection that broke after
        the code may have taken output with it.
        """
        with _translated(self._address):
            await self._process.wait_closed()
        code = self._process.returncode
        if code is None or self._connection.is_closed():
            raise ConnectionLost(_CUT.format(where=self._address, cause="no exit code was seen"))
        return code if code >= 0 else 128 - code

    def abandon(self) -> None:
        self._process.close()

    async def bury(self) -> None:
        """Do nothing: asyncssh does."""


def _close_late(starting: asyncio.Future[SSHClientProcess[bytes]]) -> None:
    """Close the channel of a command that nobody waits for."""
    if not starting.cancelled() and starting.exception() is None:
        starting.result().close()


@contextmanager
def _translated(where: str) -> Iterator[None]:
    """Turn what a broken connection raises into `ConnectionLost`."""
    import asyncssh

    try:
        yield
    except (asyncssh.Error, OSError) as error:
        cause = str(error) or type(error).__name__
        raise ConnectionLost(_CUT.format(where=where, cause=cause)) from error


_STRANGER: Final = (
    "The machine at {where} has another host key than the droplet that was made for this run, so"
    " nothing was sent to it. Either its address belongs to somebody else's machine by now, or"
    " somebody sits in between."
)
_REFUSED: Final = (
    "The machine at {where} is the right one and does not accept the run's key. It may still be"
    " starting; if it stays like this, cloud-init failed on it."
)
_NO_KEY: Final = (
    "The machine at {where} offers no Ed25519 host key ({error}), which the run's droplet has."
    " It may still be starting."
)
_SILENT: Final = (
    "No SSH connection to {where} ({cause}). The machine may still be starting; if it stays like"
    " this, a firewall may block port 22 on the way."
)
_CUT: Final = (
    "The SSH connection to {where} broke ({cause}). What runs there goes on; connecting again"
    " shows how it ended."
)
