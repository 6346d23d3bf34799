"""A loop with a network of its own, and processes in it that die like real ones."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import requests
from aiohttp import web

from docklet_sandbox.memory_loop import MemoryLoop
from tests.chaos.light.baton import in_step
from tests.chaos.light.web import wires_in_memory

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

HOUR = 3600.0
PLACE = ("server.test", 80)


class Inbox(asyncio.Protocol):
    """What arrived."""

    def __init__(self) -> None:
        self.data = b""
        self.lost: list[Exception | None] = []

    def data_received(self, data: bytes) -> None:
        """Keep it."""
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        """Note why."""
        self.lost.append(exc)


@pytest.fixture
def loop() -> Iterator[MemoryLoop]:
    """Return a loop that is closed afterwards."""
    with closing(MemoryLoop()) as made:
        yield made


def test_killed_processes_do_nothing_more(loop: MemoryLoop) -> None:
    """No line of a killed process is run any more, not even what it would tidy up."""
    done: list[str] = []

    async def child() -> None:
        await asyncio.sleep(2 * HOUR)
        done.append("child")

    async def process() -> None:
        children = [asyncio.ensure_future(child()) for _ in range(2)]
        try:
            await asyncio.sleep(HOUR)
            done.append("an hour")
            await asyncio.gather(*children)
        finally:
            done.append("tidied up")

    async def main() -> None:
        spawned, task = loop.spawn(process())
        await asyncio.sleep(1.5 * HOUR)
        loop.kill(spawned)
        task.cancel()
        await asyncio.sleep(HOUR)

    loop.run_until_complete(main())
    assert done == ["an hour"]


def test_others_outlive_a_killed_process(loop: MemoryLoop) -> None:
    """A kill hangs up on whoever the process was connected to, and harms nobody else."""
    server = Inbox()

    async def process() -> None:
        end = loop.connect(PLACE)
        end.write(b"last words")
        await asyncio.sleep(HOUR)

    async def main() -> None:
        await loop.create_server(lambda: server, *PLACE)
        spawned, _ = loop.spawn(process())
        other, survivor = loop.spawn(asyncio.sleep(2 * HOUR, "still here"))
        await asyncio.sleep(1)
        assert server.lost == []
        loop.kill(spawned)
        assert await survivor == "still here"
        loop.kill(other)

    loop.run_until_complete(main())
    assert (server.data, server.lost) == (b"last words", [None])


def test_resets_are_seen(loop: MemoryLoop) -> None:
    """Who breaks a connection off takes with it what the other has not read."""
    server, client = Inbox(), Inbox()

    async def main() -> None:
        await loop.create_server(lambda: server, *PLACE)
        end, _ = await loop.create_connection(lambda: client, *PLACE)
        await asyncio.sleep(0)
        end.write(b"never read")
        end.abort()
        await asyncio.sleep(1)

    loop.run_until_complete(main())
    assert server.data == b""
    assert [type(each) for each in server.lost] == [ConnectionResetError]
    assert client.lost == [None]


def test_nobody_listens(loop: MemoryLoop) -> None:
    """A place where nobody listens any more refuses, and it is known who was asked for."""

    async def main() -> None:
        server = await loop.create_server(Inbox, *PLACE)
        server.close()
        with pytest.raises(ConnectionRefusedError):
            loop.connect(PLACE)

    loop.run_until_complete(main())
    assert loop.asked == {PLACE}


def test_what_waits_for_ever_is_told(loop: MemoryLoop) -> None:
    """When nothing can happen any more, the story ends with an error instead of never."""
    with pytest.raises(RuntimeError, match="nothing will ever happen"):
        loop.run_until_complete(loop.create_future())


@pytest.fixture
def answers(loop: MemoryLoop) -> Iterator[dict[str, Any]]:
    """Serve pages by path; a page of None is never answered."""
    pages: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        page = pages[request.path]
        if page is None:
            await asyncio.sleep(HOUR)
        return web.Response(text=page)

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("GET", "/{page}", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        await loop.create_server(runner.server, *PLACE)

    loop.run_until_complete(serve())
    with wires_in_memory():
        yield pages


def test_blocking_clients_work_in_step(loop: MemoryLoop, answers: dict[str, Any]) -> None:
    """A library that blocks its thread talks to a server in the loop, in virtual time."""
    answers["/page"] = "Hello"

    def work() -> list[str]:
        with requests.Session() as session:
            return [session.get("http://server.test/page", timeout=5).text for _ in range(3)]

    assert loop.run_until_complete(in_step(work)) == ["Hello"] * 3


def test_blocking_clients_lose_patience(loop: MemoryLoop, answers: dict[str, Any]) -> None:
    """Their timeouts are those of virtual time."""
    answers["/page"] = None

    def work() -> None:
        with pytest.raises(requests.ReadTimeout):
            requests.get("http://server.test/page", timeout=(5, 30))

    async def main(coroutine: Coroutine[Any, Any, None]) -> float:
        began = loop.time()
        await coroutine
        return loop.time() - began

    assert loop.run_until_complete(main(in_step(work))) == 30.0
