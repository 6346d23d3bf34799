"""The SSH server of a light droplet before a real shell, to compare it with sshd."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import asyncssh

from docklet.pipeline.world import to_the_end
from docklet_sandbox.light.cloud_init import Instructions
from docklet_sandbox.light.machine import LightMachine
from docklet_sandbox.light.script import Script
from docklet_sandbox.light.ssh import keys_of
from tests.contract.sshd import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from docklet.domain.keys import RunKeys
    from docklet_sandbox.light.ssh import ChannelPipes

_PIECE = 1 << 16


@asynccontextmanager
async def lit(keys: RunKeys, user: str = "root") -> AsyncIterator[LightMachine]:
    """Yield a light machine that hands commands to this machine's `sh`."""
    machine = LightMachine(
        address="127.0.0.1",
        port=free_port(),
        script=Script(),
        told=Instructions(),
        host_keys=[asyncssh.import_private_key(keys.host_private.reveal())],
        authorized=keys_of([keys.client_public]),
        user=user,
        runs=_run,
    )
    machine.open()
    try:
        yield machine
    finally:
        await machine.halt()


async def _run(command: str, pipes: ChannelPipes) -> int:
    """Run a command until it ends, or nobody listens to it any more."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_shell(
        command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    feeding = asyncio.create_task(_feed(pipes, process.stdin))
    copying = [
        asyncio.create_task(_copy(process.stdout, pipes.write)),
        asyncio.create_task(_copy(process.stderr, pipes.complain)),
    ]
    try:
        await asyncio.gather(*copying)
        code = await process.wait()
    finally:
        await to_the_end(_bury(process, feeding, *copying))
    return code if code >= 0 else 128 - code


async def _bury(process: asyncio.subprocess.Process, *tasks: asyncio.Task[None]) -> None:
    """Kill what still runs and read its pipes to the end, as asyncio wants it."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.communicate()


async def _feed(pipes: ChannelPipes, sink: asyncio.StreamWriter) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):
        while piece := await pipes.read():
            sink.write(piece)
            await sink.drain()
        sink.close()


async def _copy(source: asyncio.StreamReader, write: Callable[[bytes], Awaitable[None]]) -> None:
    while piece := await source.read(_PIECE):
        await write(piece)
