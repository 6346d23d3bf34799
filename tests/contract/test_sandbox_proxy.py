"""The byte proxy, as any client of any TCP service meets it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from docklet_sandbox.fronted import FrontedMachines
from docklet_sandbox.machines import NoMachines
from docklet_sandbox.proxies import Proxies
from docklet_sandbox.proxy import Proxy
from docklet_sandbox.settings import Settings
from docklet_sandbox.state import SandboxError
from docklet_sandbox.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOST = "127.0.0.1"
BANNER = b"SSH-2.0-echo\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _greet_and_echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(BANNER)
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@pytest.fixture
async def echo() -> AsyncIterator[tuple[str, int]]:
    """Serve a greeting and then whatever is said."""
    server = await asyncio.start_server(_greet_and_echo, HOST, 0)
    yield server.sockets[0].getsockname()
    server.close()


@pytest.fixture
async def proxy(echo: tuple[str, int]) -> AsyncIterator[Proxy]:
    """Put a proxy before it."""
    made = Proxy(HOST, echo)
    await made.listen()
    yield made
    await made.close()
    await asyncio.sleep(0)


@asynccontextmanager
async def dialled(proxy: Proxy) -> AsyncIterator[Streams]:
    """Connect through the proxy."""
    reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def until_reset(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes before the connection is reset."""
    came = bytearray()
    try:
        while piece := await reader.read(65536):
            came += piece
    except ConnectionResetError:
        return bytes(came)
    pytest.fail("The connection ended in an orderly way.")


async def silence(reader: asyncio.StreamReader) -> None:
    """Make sure that nothing comes, not even an end."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.3)


async def test_good_wire(proxy: Proxy) -> None:
    """Without rules every byte gets through, and so does the end."""
    payload = bytes(range(256)) * 4096
    async with dialled(proxy) as (reader, writer):
        writer.write(payload)
        writer.write_eof()
        assert await reader.read(-1) == BANNER + payload
    assert proxy.connections == 1


@pytest.mark.parametrize("count", [0, 5, len(BANNER), 1000])
async def test_cut_after_bytes(proxy: Proxy, count: int) -> None:
    """A reset comes after exactly so many bytes; the next connection is a good one."""
    proxy.wires.add(Wire(cut=count))
    async with dialled(proxy) as (reader, writer):
        writer.write(b"x" * 5000)
        assert await until_reset(reader) == (BANNER + b"x" * 5000)[:count]
    async with dialled(proxy) as (reader, _):
        assert await reader.readexactly(len(BANNER)) == BANNER


async def test_reset_after_the_banner(proxy: Proxy) -> None:
    """The first line comes, and nothing else."""
    proxy.wires.add(Wire(after_banner=True))
    async with dialled(proxy) as (reader, _):
        assert await until_reset(reader) == BANNER


@pytest.mark.parametrize("count", [0, 5])
async def test_black_hole(proxy: Proxy, count: int) -> None:
    """The connection stays open and silent, whatever is sent."""
    proxy.wires.add(Wire(hole=count))
    async with dialled(proxy) as (reader, writer):
        writer.write(b"hello")
        assert await reader.readexactly(count) == BANNER[:count]
        await silence(reader)
        writer.write_eof()
        await silence(reader)


async def test_split(proxy: Proxy) -> None:
    """Pieces come one by one; together they are what was sent."""
    proxy.wires.add(Wire(split=1, delay=0.001))
    async with dialled(proxy) as (reader, writer):
        writer.write(b"hello")
        pieces = [await reader.read(65536)]
        while len(b"".join(pieces)) < len(BANNER) + 5:
            pieces.append(await reader.read(65536))
    assert b"".join(pieces) == BANNER + b"hello"
    assert len(pieces) > 5


async def test_delay_and_bandwidth(proxy: Proxy) -> None:
    """Bytes come late, and no more of them at a time than the bandwidth lets through."""
    loop = asyncio.get_running_loop()
    proxy.wires.add(Wire(delay=0.2, bandwidth=20_000, count=None))
    began = loop.time()
    async with dialled(proxy) as (reader, writer):
        await reader.readexactly(len(BANNER))
        assert loop.time() - began >= 0.2
        writer.write(b"x" * 4000)
        await reader.readexactly(4000)
    assert loop.time() - began >= 0.2 + 2 * (0.2 + 0.2)


async def test_rules_wait_for_their_connection(proxy: Proxy) -> None:
    """Connections are spared and struck in the order that was asked for."""
    proxy.wires.add(Wire(cut=3, skip=1, count=2))
    seen = []
    for _ in range(4):
        async with dialled(proxy) as (reader, writer):
            writer.write_eof()
            try:
                seen.append(await reader.read(-1) == BANNER)
            except ConnectionResetError:
                seen.append(False)
    assert seen == [True, False, False, True]


async def test_severed(proxy: Proxy) -> None:
    """Connections that stand are reset from one moment to the next."""
    async with dialled(proxy) as (reader, _):
        await reader.readexactly(len(BANNER))
        proxy.sever()
        assert await until_reset(reader) == b""


async def test_held_and_released(proxy: Proxy) -> None:
    """While bytes are held back nothing is lost: all come when the network has healed."""
    async with dialled(proxy) as (reader, writer):
        await reader.readexactly(len(BANNER))
        proxy.hold()
        writer.write(b"hello")
        await silence(reader)
        async with dialled(proxy) as (other, _):
            await silence(other)
            proxy.release()
            assert await other.readexactly(len(BANNER)) == BANNER
        assert await reader.readexactly(5) == b"hello"


async def test_refused_for_a_while(proxy: Proxy) -> None:
    """A service that is not running yet, or not now, is refused at the same address as ever."""
    async with dialled(proxy) as (reader, writer):
        await reader.readexactly(len(BANNER))
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(proxy.host, proxy.port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
    await proxy.listen()
    async with dialled(proxy) as (reader, _):
        assert await reader.readexactly(len(BANNER)) == BANNER


async def test_nobody_behind_it(proxy: Proxy) -> None:
    """A target that refuses looks like a reset."""
    proxy.target = (HOST, 9)
    async with dialled(proxy) as (reader, _):
        assert await until_reset(reader) == b""


async def test_resets_are_passed_on(proxy: Proxy, echo: tuple[str, int]) -> None:
    """A client that resets its connection leaves nothing behind in the proxy."""
    assert proxy.target == echo
    async with dialled(proxy) as (reader, _):
        await reader.readexactly(len(BANNER))
    async with asyncio.timeout(5):
        while proxy.standing:  # noqa: ASYNC110 - a proxy tells nobody
            await asyncio.sleep(0.01)


async def test_droplets_port_is_taken() -> None:
    """Where no proxy can listen, a droplet behind one is refused, and no machine is left."""
    server = await asyncio.start_server(_greet_and_echo, "0.0.0.0", 0)  # noqa: S104 - as sshd does
    port = server.sockets[0].getsockname()[1]
    machines = NoMachines()
    fronted = FrontedMachines(machines, Proxies(), Settings(proxied=True), port=port)
    with pytest.raises(SandboxError, match=f"port {port}: another program"):
        await fronted.create(1, "docklet-one", "")
    assert await machines.address(1) is None
    server.close()


async def test_sandboxes_share_no_address(echo: tuple[str, int]) -> None:
    """A droplet's address stays its own while its sshd is away, whoever else has droplets."""
    settings, both = Settings(proxied=True), (Proxies(), Proxies())
    for proxies in both:
        fronted = FrontedMachines(NoMachines(), proxies, settings, port=echo[1])
        await fronted.create(1, "docklet-one", "")
        proxies["1"].refuse()
        assert await fronted.address(1) == proxies["1"].host
    assert both[0]["1"].host != both[1]["1"].host
    for proxies in both:
        await proxies["1"].listen()
        await proxies.clear()
