"""Run git, and nothing but git, with an environment of our own.

Each command leads a process group, so that cancelling takes its helpers along. Whatever git or
the server prints is searched for the token before anybody sees it.
"""

from __future__ import annotations

import asyncio
import base64
import os
import signal
from asyncio.subprocess import PIPE, Process
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

from docklet.adapters.git.config import USER
from docklet.domain.errors import GitError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
    from pathlib import Path

    from docklet.domain.secret import Secret

_PIECE: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A git command that has ended."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def said(self) -> str:
        """What it printed for people."""
        return self.stderr.decode("utf-8", "replace").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class GitProgram:
    """git in one directory."""

    directory: Path
    env: Mapping[str, str]
    token: Secret
    inherited: tuple[int, ...] = ()
    """Descriptors that its children may read."""

    async def run(
        self,
        *arguments: str,
        stdin: Iterable[bytes] = (),
        env: Mapping[str, str] | None = None,
        stdout: IO[bytes] | None = None,
    ) -> Finished:
        """Run a git command to its end; what it prints goes to a file, if there is one for it."""
        process = await self._start(arguments, env or {}, stdout)
        printed = asyncio.gather(_drain(process.stdout), _drain(process.stderr))
        try:
            await _feed(process, stdin)
            out, err = await printed
            code = await process.wait()
        finally:
            printed.cancel()
            await _kill(process)
        return Finished(code=code, stdout=self._clean(out), stderr=self._clean(err))

    async def must(
        self,
        *arguments: str,
        stdin: Iterable[bytes] = (),
        env: Mapping[str, str] | None = None,
        stdout: IO[bytes] | None = None,
    ) -> bytes:
        """Run a git command that has no reason to fail and return what it printed."""
        done = await self.run(*arguments, stdin=stdin, env=env, stdout=stdout)
        if done.code:
            message = (
                f"`git {arguments[0]}` ended with {done.code} in docklet's own git directory:"
                f" {done.said}. Is the disk full?"
            )
            raise GitError(message)
        return done.stdout

    @asynccontextmanager
    async def listing(
        self, *arguments: str, stdin: Iterable[bytes] = (), env: Mapping[str, str] | None = None
    ) -> AsyncIterator[IO[bytes]]:
        """Do as `must` and provide what git printed as a file: it may be more than the memory."""
        with TemporaryFile(dir=self.directory) as file:
            await self.must(*arguments, stdin=stdin, env=env, stdout=file)
            file.seek(0)
            yield file

    async def _start(
        self, arguments: tuple[str, ...], env: Mapping[str, str], stdout: IO[bytes] | None
    ) -> Process:
        """Start git as the leader of a process group."""
        try:
            return await asyncio.create_subprocess_exec(
                *("git", *arguments),
                stdin=PIPE,
                stdout=PIPE if stdout is None else stdout,
                stderr=PIPE,
                cwd=self.directory,
                env={**self.env, **env},
                pass_fds=self.inherited,
                start_new_session=True,
            )
        except OSError as error:
            message = f"git could not be started ({error.strerror}). Install git 2.36 or newer."
            raise GitError(message) from error

    def _clean(self, text: bytes) -> bytes:
        """Take the token out of what was printed, also in the form that HTTP carries it in."""
        secret = self.token.reveal()
        if not secret:
            return text
        basic = base64.b64encode(f"{USER}:{secret}".encode())
        return text.replace(secret.encode(), b"***").replace(basic, b"***")


def records(listing: IO[bytes]) -> Iterator[bytes]:
    """Yield what stands between the NULs of a listing."""
    pending = b""
    while piece := listing.read(_PIECE):
        *whole, pending = (pending + piece).split(b"\0")
        yield from whole


async def _feed(process: Process, chunks: Iterable[bytes]) -> None:
    """Write `chunks` to the process, which may end without reading them all."""
    if process.stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):
        for piece in _pieces(chunks):
            process.stdin.write(piece)
            await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in fewer pieces: a million writes take a minute."""
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        if len(pending) >= _PIECE:
            yield bytes(pending)
            pending.clear()
    yield bytes(pending)


async def _drain(stream: asyncio.StreamReader | None) -> bytes:
    """Read a stream to its end."""
    return b"" if stream is None else await stream.read()


async def _kill(process: Process) -> None:
    """End what is left of the process group and bury its leader."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
