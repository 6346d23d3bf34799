"""Virtual time passes when nothing else can, and stands still while somebody works."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import urllib.request
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from docklet.adapters.threads import in_daemon_thread
from docklet_sandbox import virtual_time
from docklet_sandbox.listen import listen
from docklet_sandbox.virtual_time import EPOCH, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3600.0
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


async def _passed() -> float:
    """Return the virtual seconds so far."""
    return virtual_time.now() - EPOCH


def test_waits_are_skipped() -> None:
    """Hours of sleep take no time, and the timers ring in their order."""
    rung: list[float] = []

    async def ring(after: float) -> None:
        await asyncio.sleep(after)
        rung.append(await _passed())

    async def main() -> None:
        await asyncio.gather(*(ring(hours * HOUR) for hours in (6, 1, 40)))

    began = time.monotonic()
    virtual_time.run(main())
    assert rung == [HOUR, 6 * HOUR, 40 * HOUR]
    assert time.monotonic() - began < HOUR


def test_limits_are_kept() -> None:
    """A time limit strikes at its time."""

    async def main() -> float:
        try:
            async with asyncio.timeout(HOUR):
                await asyncio.sleep(2 * HOUR)
        except TimeoutError:
            pass
        return await _passed()

    assert virtual_time.run(main()) == HOUR


async def _beside(work: asyncio.Future[object]) -> float:
    """Let an hour's timer run beside some work; return the time at which the work ended."""
    timer = asyncio.ensure_future(asyncio.sleep(HOUR))
    await work
    moment = await _passed()
    assert not timer.done()
    await timer
    return moment


def test_threads_at_work_hold_time() -> None:
    """Time stands still while a thread works, whoever started it."""

    async def main() -> list[float]:
        def work() -> None:
            time.sleep(0.1)

        return [
            await _beside(asyncio.ensure_future(asyncio.to_thread(work))),
            await _beside(asyncio.ensure_future(in_daemon_thread(work))),
        ]

    assert virtual_time.run(main()) == [0, HOUR]


def test_programs_at_work_hold_time() -> None:
    """Time stands still while a program runs, to the end of its output and its exit code."""

    async def work() -> None:
        program = (sys.executable, "-c", "import time; print(1); time.sleep(0.1); print(2)")
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*program, stdout=pipe)
        assert (await process.communicate())[0] == b"1\n2\n"

    async def main() -> float:
        return await _beside(asyncio.ensure_future(work()))

    assert virtual_time.run(main()) == 0


def test_whoever_waits_for_us_does_not_hold_time() -> None:
    """A thread and a program that wait for an answer of ours wait in virtual time."""

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(HOUR)
        return web.Response(body=await request.read())

    async def main() -> list[float]:
        async with AsyncExitStack() as stack:
            app = web.Application()
            app.router.add_route("*", "/", slow)
            url = await listen(stack, app, "127.0.0.1")

            def ask() -> None:
                with DIRECT.open(url, b"x" * 100_000) as answer:
                    assert len(answer.read()) == 100_000

            moments = []
            for ask_somehow in (in_daemon_thread, asyncio.to_thread):
                await ask_somehow(ask)
                moments.append(await _passed())
            code = f"import urllib.request as u; u.urlopen({url!r}).read()"
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
            assert await process.wait() == 0
            return [*moments, await _passed()]

    assert virtual_time.run(main()) == [HOUR, 2 * HOUR, 3 * HOUR]


def test_half_a_request_holds_time() -> None:
    """A client that has sent its headers and is about to send the body is at work."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def main() -> float:
        async with AsyncExitStack() as stack:
            app = web.Application()
            app.router.add_route("*", "/", echo)
            url = await listen(stack, app, "127.0.0.1")

            def body() -> Iterator[bytes]:
                yield b"1"
                time.sleep(0.1)
                yield b"2"

            def ask() -> None:
                request = urllib.request.Request(  # noqa: S310 - our own server
                    url, body(), {"Content-Length": "2"}, method="PUT"
                )
                with DIRECT.open(request) as answer:
                    assert answer.read() == b"12"

            return await _beside(asyncio.ensure_future(in_daemon_thread(ask)))

    assert virtual_time.run(main()) == 0


def test_clock_follows_the_loop() -> None:
    """A clock tells the loop's time, and the same chance for the same seed."""

    async def main() -> tuple[float, float]:
        clock = VirtualClock(seed=7)
        await clock.sleep(HOUR)
        return clock.now(), clock.random()

    first = virtual_time.run(main(), epoch=5.0)
    assert first == virtual_time.run(main(), epoch=5.0)
    assert first[0] == HOUR + 5


def test_nobody_waits_for_ever() -> None:
    """What does not end is told of after two days, which take no time."""

    async def main() -> None:
        await asyncio.sleep(100 * HOUR)

    with pytest.raises(TimeoutError, match="within 48 hours of virtual time"):
        virtual_time.run(main())


async def test_a_real_loop_has_real_time() -> None:
    """Elsewhere the time is the machine's."""
    before = time.time()
    assert before <= virtual_time.now() <= time.time()
    assert threading.current_thread() is threading.main_thread()
