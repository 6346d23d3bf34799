"""Blocking libraries in a loop of virtual time: of the loop and a thread, one runs at a time.

A thread that waits for something hands over to the loop, which hands back when it is there. So
what a thread does takes no virtual time, and everything happens in one order.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from docklet.adapters.digitalocean import cloud  # noqa: F401 - its threads are to be known
from docklet.adapters.github import forge  # noqa: F401 - as above
from docklet.adapters.threads import in_daemon_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

T = TypeVar("T")
_here: Final = threading.local()


class Hand:
    """A thread that works while the loop stands still."""

    def __init__(self) -> None:
        """Start the thread, which waits for work."""
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._work: Callable[[], object] = bool
        self._wish: Callable[[], Awaitable[object]] | None = None
        self._given: object = None
        self._failed: BaseException | None = None
        threading.Thread(target=self._live, daemon=True).start()

    async def run(self, work: Callable[[], T]) -> T:
        """Do a piece of work, and wait in between for what it waits for."""
        self._work = work
        self._hand_over()
        while (wish := self._wish) is not None:
            self._wish = None
            try:
                self._given, self._failed = await wish(), None
            except Exception as error:  # noqa: BLE001 - it is raised where it was wished for
                self._failed = error
            self._hand_over()
        if self._failed is not None:
            raise self._failed
        return self._given  # type: ignore[return-value]

    def wait(self, wish: Callable[[], Awaitable[T]]) -> T:
        """Wait in the thread for what the loop is to bring."""
        self._wish = wish
        self._back.release()
        self._go.acquire()
        if self._failed is not None:
            raise self._failed
        return self._given  # type: ignore[return-value]

    def _hand_over(self) -> None:
        self._go.release()
        self._back.acquire()

    def _live(self) -> None:
        _here.hand = self
        while True:
            self._go.acquire()
            try:
                self._given, self._failed = self._work(), None
            except BaseException as error:  # noqa: BLE001 - it is raised where it is awaited
                self._failed = error
            self._back.release()


_idle: Final[list[Hand]] = []


async def in_step(work: Callable[[], T]) -> T:
    """Run `work` as `in_daemon_thread` does: cancelling stops the waiting, not the work."""
    working = asyncio.ensure_future(_handed(work))
    working.add_done_callback(_heard)
    return await asyncio.shield(working)


def _heard(working: asyncio.Future[Any]) -> None:
    """Take note of a failure, also one that nobody waits for any more."""
    if not working.cancelled():
        working.exception()


async def _handed(work: Callable[[], T]) -> T:
    hand = _idle.pop() if _idle else Hand()
    try:
        return await hand.run(work)
    finally:
        _idle.append(hand)


def wait_for(wish: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - as what it brings
    """Wait, in a thread that works in step, for what the loop is to bring."""
    return _here.hand.wait(wish)


@contextmanager
def threads_in_step() -> Iterator[None]:
    """Let the adapters' threads work in step with the loop."""
    users = [each for name, each in sys.modules.items() if name.startswith("docklet.adapters.")]
    users = [each for each in users if hasattr(each, "in_daemon_thread")]
    for each in users:
        vars(each)["in_daemon_thread"] = in_step
    try:
        yield
    finally:
        for each in users:
            vars(each)["in_daemon_thread"] = in_daemon_thread
