"""A shell on this machine, with the manners of one over SSH.

A command is the head of a session of its own, so that cancelling takes its whole family along;
only what made itself a session again, as a detached job does, stays.
"""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import PIPE
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Final

from docklet.adapters.exchange import complete, failed, follow, once
from docklet.ports import Completed

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
    from pathlib import Path

_NOT_EXECUTABLE: Final = 126
_NOT_FOUND: Final = 127
_BURIAL: Final = 1.0
"""Seconds for the ends of a child; somebody who left its session may hold its pipes longer."""


class HostShell:
    """Runs commands as children of this process."""

    def __init__(
        self, *, env: Mapping[str, str] | None = None, directory: Path | None = None
    ) -> None:
        """Set what commands see; `env` replaces this process's environment, which holds tokens."""
        self._env = env
        self._directory = directory

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"") -> Completed:
        """Run a command to its end."""
        return await self.send(argv, source=once(stdin))

    async def stream(self, argv: Sequence[str], *, stdin: bytes = b"") -> AsyncGenerator[bytes]:
        """Yield a command's standard output as it comes; see the port for how it ends."""
        child = await self._start(argv)
        if isinstance(child, Completed):
            raise failed(argv, child.exit_code, child.stderr)
        async with aclosing(follow(child, argv, once(stdin))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def send(self, argv: Sequence[str], *, source: AsyncIterator[bytes]) -> Completed:
        """Run a command whose standard input is `source`."""
        child = await self._start(argv)
        return child if isinstance(child, Completed) else await complete(child, argv, source)

    async def close(self) -> None:
        """Do nothing: there is nobody to hang up on."""

    async def _start(self, argv: Sequence[str]) -> _Local | Completed:
        """Start a command; answer for one that can't be started as a shell would."""
        starting = asyncio.ensure_future(self._spawned(argv))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Left to itself, asyncio would kill the child alone and wait for its family.
            child = await starting
            if isinstance(child, _Local):
                child.abandon()
                await child.bury()
            raise

    async def _spawned(self, argv: Sequence[str]) -> _Local | Completed:
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env=self._env,
                cwd=self._directory,
                start_new_session=True,
            )
        except OSError as error:
            code = _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
            text = f"{argv[0]}: {error.strerror}\n"
            return Completed(exit_code=code, stdout=b"", stderr=text.encode())
        return _Local(process)


class _Local:
    """A child process."""

    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            message = "A child has three pipes."
            raise TypeError(message)
        self._process = process
        self._stdin = process.stdin
        self.read = process.stdout.read
        self.read_error = process.stderr.read

    async def write(self, data: bytes) -> None:
        self._stdin.write(data)
        await self._stdin.drain()

    def end_input(self) -> None:
        self._stdin.close()

    async def wait(self) -> int:
        code = await self._process.wait()
        return code if code >= 0 else 128 - code

    def abandon(self) -> None:
        """Kill the child's process group, unless the child has ended."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def bury(self) -> None:
        """Wait for the child and the ends of its pipes: asyncio has no other way to close them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_BURIAL):
                await self._process.communicate()
