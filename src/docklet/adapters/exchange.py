"""Commands and their three pipes, alike over SSH and on this machine.

What comes out of a pipe is foreign: it is read in bytes, in bounded pieces, and never decoded
but for a message.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from docklet.domain.errors import AgentError, ConnectionLost
from docklet.domain.foreign import one_line
from docklet.ports import Completed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence

CHUNK: Final = 256 * 1024
"""Bytes read at a time."""
OUTPUT_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of output that `complete` takes; what is longer has to be streamed."""
TAIL: Final = 4 * 1024
"""Bytes of standard error that end up in a message."""


class Child(Protocol):
    """A started command; every method raises `ConnectionLost` when it is cut off."""

    async def read(self, size: int) -> bytes:
        """Return up to `size` bytes of standard output as soon as there are any."""

    async def read_error(self, size: int) -> bytes:
        """Return up to `size` bytes of standard error as soon as there are any."""

    async def write(self, data: bytes) -> None:
        """Write standard input; wait while the other side is slow."""

    def end_input(self) -> None:
        """Close standard input."""

    async def wait(self) -> int:
        """Return the exit code, once all pipes are closed; a signal counts as 128 and more."""

    def abandon(self) -> None:
        """Let go of a command that may still run; does nothing to one that has ended."""

    async def bury(self) -> None:
        """Tidy up after a command that ended or was abandoned and that nobody reads any more."""


async def complete(child: Child, argv: Sequence[str], source: AsyncIterator[bytes]) -> Completed:
    """Feed `source` to a command and take its whole output."""
    feeder = asyncio.create_task(_feed(child, source))
    readers = [asyncio.create_task(_whole(read, argv)) for read in (child.read, child.read_error)]
    try:
        stdout, stderr = await asyncio.gather(*readers)
        code = await child.wait()
    except ConnectionLost:
        _check(feeder)
        raise
    else:
        _check(feeder)
        return Completed(exit_code=code, stdout=stdout, stderr=stderr)
    finally:
        child.abandon()
        await _cancel(feeder, *readers)
        await child.bury()


async def follow(
    child: Child, argv: Sequence[str], source: AsyncIterator[bytes]
) -> AsyncGenerator[bytes, None]:
    """Yield a command's output in chunks; raise `AgentError` unless it exits with 0."""
    feeder = asyncio.create_task(_feed(child, source))
    said = asyncio.create_task(_tail(child.read_error))
    try:
        while chunk := await child.read(CHUNK):
            yield chunk
        code = await child.wait()
        if code:
            raise failed(argv, code, await said)
    finally:
        child.abandon()
        await _cancel(feeder, said)
        await child.bury()


def failed(argv: Sequence[str], code: int, stderr: bytes) -> AgentError:
    """Return the error that says how a command failed and what it said."""
    text = one_line(stderr[-TAIL:].decode("utf-8", "replace"))
    message = f"The command `{Path(argv[0]).name}` failed with exit code {code}."
    return AgentError(f"{message} It said: {text}" if text else message, kind=f"exit-{code}")


async def once(data: bytes) -> AsyncIterator[bytes]:
    """Yield `data`, if there is any."""
    if data:
        yield data


async def _feed(child: Child, source: AsyncIterator[bytes]) -> None:
    """Write `source` to the command; when the source fails, so does the command."""
    try:
        with suppress(ConnectionLost, BrokenPipeError, ConnectionResetError):
            async for data in source:
                await child.write(data)
            child.end_input()  # a reader that went away shows in how the command ends
    except BaseException:
        child.abandon()
        raise


def _check(feeder: asyncio.Task[None]) -> None:
    """Raise what the source raised: we hung up then, so how the command ended says nothing."""
    if feeder.done():
        feeder.result()


async def _whole(read: Callable[[int], Awaitable[bytes]], argv: Sequence[str]) -> bytes:
    """Read to the end; refuse what would fill our memory."""
    parts: list[bytes] = []
    size = 0
    while part := await read(CHUNK):
        parts.append(part)
        size += len(part)
        if size > OUTPUT_LIMIT:
            message = (
                f"The command `{Path(argv[0]).name}` printed more than"
                f" {OUTPUT_LIMIT >> 20} MiB, which no step of a run does. The machine may be"
                " under somebody else's control."
            )
            raise AgentError(message, kind="output-too-long")
    return b"".join(parts)


async def _tail(read: Callable[[int], Awaitable[bytes]]) -> bytes:
    """Read to the end, or to where it is cut off, and return the last `TAIL` bytes."""
    tail = b""
    with suppress(ConnectionLost):
        while part := await read(CHUNK):
            tail = (tail + part)[-TAIL:]
    return tail


async def _cancel(*tasks: asyncio.Task[object]) -> None:
    """Stop what still runs, and take note of how everything ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
