"""Git's own `http-backend`, run for one request with both bodies streamed.

A push of hundreds of megabytes passes through in pieces; only what the caller reads is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docklet_sandbox.forge.bare import clean_environment

if TYPE_CHECKING:
    from aiohttp import web

_PIECE = 64 * 1024


@dataclass(slots=True, kw_only=True)
class Backend:
    """A running `git http-backend` whose headers have been read."""

    process: asyncio.subprocess.Process
    feeding: asyncio.Task[None]
    status: int
    headers: dict[str, str]

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the answer's body as it comes."""
        assert self.process.stdout is not None  # noqa: S101 - it was asked for
        while piece := await self.process.stdout.read(_PIECE):
            yield piece

    async def close(self) -> None:
        """End the process, also in the middle of an answer that nobody waits for."""
        self.feeding.cancel()
        await asyncio.gather(self.feeding, return_exceptions=True)
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, TimeoutError):
                await asyncio.wait_for(self.process.wait(), timeout=1)
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


async def start_backend(
    request: web.Request,
    repository: Path,
    service: str,
    *,
    first: bytes = b"",
    extra: Mapping[str, str],
) -> Backend:
    """Start the backend; `first` is what was read of the request's body already."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        stdin=pipe,
        stdout=pipe,
        env={**_environment(request, repository, service), **extra},
    )
    feeding = asyncio.create_task(_feed(request, process, first))
    status, headers = await _head(process)
    return Backend(process=process, feeding=feeding, status=status, headers=headers)


def _environment(request: web.Request, repository: Path, service: str) -> dict[str, str]:
    """Describe the request as CGI does, but for its length: the body just ends.

    aiohttp has unpacked compressed and chunked bodies already, so no length or encoding is passed.
    """
    protocol = request.headers.get("Git-Protocol", "")
    return {
        **clean_environment(),
        "GIT_PROJECT_ROOT": str(repository.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repository.name}/{service}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "REMOTE_ADDR": request.remote or "",
        "HTTP_GIT_PROTOCOL": protocol,
        "GIT_PROTOCOL": protocol,
    }


async def _feed(request: web.Request, process: asyncio.subprocess.Process, first: bytes) -> None:
    """Pass the request's body on, and end it where it ends, also when the client is gone."""
    assert process.stdin is not None  # noqa: S101 - it was asked for
    try:
        process.stdin.write(first)
        async for piece in request.content.iter_chunked(_PIECE):
            process.stdin.write(piece)
            await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        return  # the backend has read enough, or nobody waits for it any longer
    finally:
        process.stdin.close()


async def _head(process: asyncio.subprocess.Process) -> tuple[int, dict[str, str]]:
    """Read the headers that a CGI program begins with."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    headers: dict[str, str] = {}
    while line := (await process.stdout.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.strip()] = value.strip()
    status = headers.pop("Status", "200 OK" if headers else "500 No answer")
    return int(status.split()[0]), headers
