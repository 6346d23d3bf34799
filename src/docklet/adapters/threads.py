"""Calls of blocking libraries, each in a daemon thread of its own.

`asyncio.to_thread` would do but for one thing: at exit the interpreter waits for the threads of
its pool, so that one mute server could hold a cancelled process for half a minute.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    T = TypeVar("T")


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """Run `work` in a thread and return its result.

    Cancelling stops the waiting, not the thread; under `asyncio.shield` the result is not lost.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def report(settle: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if future.done() else settle())

    def body() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            failure = error
            report(lambda: future.set_exception(failure))
        else:
            report(lambda: future.set_result(result))

    threading.Thread(target=body, name="docklet-call", daemon=True).start()
    return await future
