"""A machine that was taken over, at the other end of SSH: it costs neither time nor memory.

Time limits are ours, and small here; `asyncio.timeout` around them only keeps a failing test from
hanging. The server's own memory counts, too, as it lives in this process.
"""

from __future__ import annotations

import asyncio
import os
import tracemalloc
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import asyncssh
import pytest
from asyncssh.packet import String

from docklet.adapters.clock import RealClock
from docklet.domain.errors import AgentError, DockletError, Unreachable
from docklet.pipeline import agent as verbs
from docklet.pipeline import collect as collecting
from docklet.pipeline.agent import Agent
from docklet.pipeline.collect import paced
from tests.contract.sshd import free_port
from tests.contract.test_ssh import KEYS, shell_on
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    Write = Callable[[bytes], Awaitable[None]]
    Process = asyncssh.SSHServerProcess[bytes]

CAP = 64 * 1024**2
"""Bytes that Python may hold at most meanwhile: some times what an answer may have."""
PATIENT = 60.0
"""Seconds after which a test is stuck."""
BLOCK = b"x" * 65536
BANNER = b"SSH-2.0-evil\r\n"


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    """Hold every test to the cap."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < CAP


async def lines(write: Write) -> None:
    """Greet for ever, as is allowed before the version."""
    while True:
        await write(b"Welcome! " * 20 + b"\r\n")


async def one_line(write: Write) -> None:
    """Begin a line that never ends."""
    while True:
        await write(BLOCK)


async def drip(write: Write) -> None:
    """Greet byte by byte."""
    while True:
        await write(b"W")
        await asyncio.sleep(0.02)


async def version(write: Write) -> None:
    """Have a version that never ends."""
    await write(b"SSH-2.0-")
    await one_line(write)


async def huge_packet(write: Write) -> None:
    """Announce a packet of 4 GiB, and send it."""
    await write(BANNER + b"\xff\xff\xff\xff\x04")
    await one_line(write)


async def dripped_packet(write: Write) -> None:
    """Send a packet of a decent size, byte by byte."""
    await write(BANNER + (30_000).to_bytes(4, "big"))
    await drip(write)


async def noise(write: Write) -> None:
    """Send anything."""
    await write(BANNER)
    while True:
        await write(os.urandom(65536))


async def ignored(write: Write) -> None:
    """Send messages that are to be ignored, and nothing else."""
    body = b"\x02" + String(b"x" * 1000)
    padding = 16 - (len(body) + 5) % 8
    packet = (len(body) + padding + 1).to_bytes(4, "big") + bytes([padding]) + body
    await write(BANNER)
    while True:
        await write((packet + bytes(padding)) * 20)


DOORS = (lines, one_line, drip, version, huge_packet, dripped_packet, noise, ignored)


@asynccontextmanager
async def door(behaviour: Callable[[Write], Awaitable[None]]) -> AsyncIterator[int]:
    """Serve something that behaves so to whoever connects, as fast as it is taken."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        serving.add(asyncio.current_task())
        try:
            with suppress(OSError):
                await behaviour(write)
        finally:
            writer.transport.abort()

    serving: set[asyncio.Task[None] | None] = set()
    port = free_port()
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield port
    finally:
        server.close()
        left = [task for task in serving if task is not None]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(0)


@pytest.mark.parametrize("behaviour", DOORS, ids=lambda one: one.__name__)
async def test_before_the_login(behaviour: Callable[[Write], Awaitable[None]]) -> None:
    """Whatever it says instead of what SSH says, the connection is given up in time."""
    async with asyncio.timeout(PATIENT), door(behaviour) as port:
        shell = shell_on(port, timeout=0.7)
        with pytest.raises(Unreachable):
            await shell.run(["true"], stdin=b"canary")
        await shell.close()


class Babbler(asyncssh.SSHServer):
    """Has so much to say before anybody is let in that nobody is."""

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Remember whom to talk to."""
        self._connection = conn

    async def begin_auth(self, username: str) -> bool:
        """Send banners for ever."""
        del username
        while not self._connection.is_closed():
            self._connection.send_auth_banner("\x1b[2JWelcome! " * 1000)
            await asyncio.sleep(0.001)
        return True


async def test_endless_banner_at_the_login() -> None:
    """Banners that come instead of the login's answer end with the time for the login."""
    async with asyncio.timeout(PATIENT), taken_over(idle, Babbler) as port:
        shell = shell_on(port, timeout=0.7)
        with pytest.raises(Unreachable):
            await shell.run(["true"])
        await shell.close()


async def idle(process: Process) -> None:
    """Do nothing, for ever."""
    await process.stdin.read()
    await asyncio.sleep(3600)


async def flood(process: Process) -> None:
    """Print without end."""
    while True:
        process.stdout.write(BLOCK)
        await process.stdout.drain()


async def complain(process: Process) -> None:
    """Complain without end."""
    while True:
        process.stderr.write(BLOCK)
        await process.stderr.drain()


async def trickle(process: Process) -> None:
    """Print a byte now and then."""
    with suppress(BrokenPipeError):
        while True:
            process.stdout.write(b" ")
            await asyncio.sleep(0.02)


async def colour(process: Process) -> None:
    """Fail with something that a terminal would obey."""
    process.stdout.write(b"\x1b]0;owned\x07\x1b[2J\x9b31m\r::error::\xe2\x80\xae fine\n")
    process.exit(2)


async def colourful_error(process: Process) -> None:
    """Answer with such a thing."""
    process.stdout.write(
        b'{"error": {"kind": "\\u001b[2J", "message": "\\u001b]0;owned\\u0007 a\\n::error::b"}}\n'
    )
    process.exit(1)


async def nested(process: Process) -> None:
    """Answer with more brackets than anybody can count."""
    process.stdout.write(b"[" * 1_000_000)
    process.exit(0)


async def digits(process: Process) -> None:
    """Answer with a number that takes for ever to read."""
    process.stdout.write(b'{"ended": true, "kind": "exited", "exit_code": ' + b"9" * 10**6 + b"}")
    process.exit(0)


@asynccontextmanager
async def taken_over(
    behaviour: Callable[[Process], Awaitable[None]],
    kind: type[asyncssh.SSHServer] = asyncssh.SSHServer,
) -> AsyncIterator[int]:
    """Serve with the right host key, and behave so to every command."""
    server = await asyncssh.create_server(
        kind,
        "127.0.0.1",
        server_host_keys=[asyncssh.import_private_key(KEYS.host_private.reveal())],
        authorized_client_keys=asyncssh.import_authorized_keys(KEYS.client_public),
        process_factory=behaviour,
        encoding=None,
        login_timeout=0,
    )
    try:
        yield server.get_port()
    finally:
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if "handle" in repr(task) or behaviour.__name__ in repr(task):
                task.cancel()


@asynccontextmanager
async def agent_there(behaviour: Callable[[Process], Awaitable[None]]) -> AsyncIterator[Agent]:
    """Speak to the agent on such a machine."""
    async with asyncio.timeout(PATIENT), taken_over(behaviour) as port:
        agent = Agent(shell_on(port), "/var/lib/docklet/x", RealClock())
        try:
            yield agent
        finally:
            await agent.close()


@pytest.mark.parametrize("behaviour", [flood, complain], ids=lambda one: one.__name__)
async def test_a_flood(behaviour: Callable[[Process], Awaitable[None]]) -> None:
    """A small question whose answer has no end is given up after some megabytes."""
    async with agent_there(behaviour) as agent:
        with pytest.raises(AgentError, match="under somebody else's control"):
            await agent.ending()


@pytest.mark.parametrize("behaviour", [idle, trickle], ids=lambda one: one.__name__)
async def test_an_answer_that_never_comes(
    behaviour: Callable[[Process], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step has its time, also where the machine shows that it lives."""
    monkeypatch.setattr(verbs, "LIMIT", 0.3)
    monkeypatch.setattr(verbs, "LONGEST", dict.fromkeys(verbs.LONGEST, 0.3))
    monkeypatch.setattr(Agent._call, "__kwdefaults__", {"patience": 0.0})  # noqa: SLF001
    async with agent_there(behaviour) as agent:
        for step in (
            lambda: agent.install(b""),
            agent.is_installed,
            lambda: agent.hold("me"),
            agent.look,
            lambda: agent.start({}),
            agent.ending,
            lambda: agent.authorise(("key",)),
        ):
            with pytest.raises(Unreachable, match="did not end within"):
                await step()


@pytest.mark.parametrize(
    "behaviour", [colour, colourful_error, nested, digits], ids=lambda one: one.__name__
)
async def test_answers_that_are_none(behaviour: Callable[[Process], Awaitable[None]]) -> None:
    """What it says gets into the message as far as it is text, and steers nobody's terminal."""
    async with agent_there(behaviour) as agent:
        with pytest.raises(DockletError) as caught:
            await agent.ending()
    assert all(char.isprintable() or char == "\n" for char in caught.value.message)
    assert not any(line.startswith("::") for line in caught.value.message.splitlines())
    assert len(caught.value.message) < 3000


async def test_results_that_trickle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results have to come at some pace; slow ones that keep to it arrive."""
    monkeypatch.setattr(collecting, "HEAD_START", 90.0)
    clock, chunk = FakeClock(), b"x" * 256 * 1024

    async def coming(size: int, pause: float) -> AsyncIterator[bytes]:
        for _ in range(200):
            await clock.sleep(pause)
            yield chunk[:size]

    began = clock.now()
    with pytest.raises(AgentError, match="KiB a second"):
        await drained(paced(coming(1, 1.0), clock))
    assert clock.now() - began < 100
    with pytest.raises(AgentError, match="KiB a second"):
        await drained(paced(coming(1, 10_000.0), clock))
    assert await drained(paced(coming(len(chunk), 1.5), clock)) == 200 * len(chunk)


async def drained(stream: AsyncIterator[bytes]) -> int:
    """Read to the end and return how much there was."""
    return sum([len(chunk) async for chunk in stream])


async def test_a_shell_that_follows_a_flood() -> None:
    """A stream takes no more of a flood than its reader does."""
    async with asyncio.timeout(PATIENT), taken_over(flood) as port:
        shell = shell_on(port)
        stream, seen = shell.stream(["follow"]), 0
        async for chunk in stream:
            seen += len(chunk)
            if seen > 1.2 * CAP:
                break
        await stream.aclose()
        await shell.close()
