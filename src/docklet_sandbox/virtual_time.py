"""An event loop whose time is virtual: when nothing else can happen, it is later at once.

Sockets, threads and subprocesses stay real. While one of them has work to do, time stands still;
when all of them wait for a timer, the next timer is due. So a clock that follows the loop sees
six hours pass in the seconds that the work takes, and sees the same six hours each time.
"""

from __future__ import annotations

import asyncio
import random
import selectors
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from concurrent.futures import Executor
    from typing import TypeVarTuple, Unpack

    T = TypeVar("T")
    Ts = TypeVarTuple("Ts")

EPOCH = 1_767_225_600.0
"""When virtual time begins unless told otherwise, in seconds since the epoch: with 2026."""
LONGEST = 2 * 86_400.0
"""Virtual seconds after which something waits in vain: it is better told than waited for."""
_STEP = 0.001
"""Real seconds between looks whether a thread is still at work; nothing tells of its end."""
_SETTLE = 0.0001
"""Real seconds that what was sent over the loopback gets to arrive before time moves on."""
_HANDS = ("asyncio_", "waitpid-", "asyncio-waitpid-")
"""Names of the threads that asyncio keeps; what they do is counted where it is asked for."""


class _Selector(selectors.DefaultSelector):
    """Looks at real sockets, and waits in virtual time."""

    def __init__(self) -> None:
        super().__init__()
        self.loop: VirtualLoop | None = None
        self._unsettled = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if found:
            self._unsettled = True
        if found or self.loop is None or (timeout is not None and timeout <= 0):
            return found
        if self.loop.is_busy():
            return super().select(_STEP)
        if timeout is None:
            return super().select(None)
        if self._unsettled:
            self._unsettled = False
            time.sleep(_SETTLE)  # epoll itself waits for whole milliseconds
            return super().select(0)
        self.loop.skip(timeout)
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that begins at a moment and skips every wait in which nothing happens."""

    def __init__(
        self,
        epoch: float = EPOCH,
        longest: float = LONGEST,
        selector: selectors.BaseSelector | None = None,
    ) -> None:
        """Begin at `epoch`; threads that live by now are none of the loop's business."""
        self.epoch = epoch
        self._longest = longest
        self._passed = 0.0
        self._calls = 0
        self._strangers = frozenset(threading.enumerate())
        self._children: list[asyncio.SubprocessTransport] = []
        self._visits: list[Callable[[], bool]] = []
        looking = selector or _Selector()
        super().__init__(looking)
        if isinstance(looking, _Selector):
            looking.loop = self

    def time(self) -> float:
        """Return the virtual seconds since the beginning."""
        return self._passed

    def now(self) -> float:
        """Return virtual time as seconds since the epoch."""
        return self.epoch + self._passed

    def skip(self, seconds: float) -> None:
        """Make it later; raise TimeoutError when it is too late for anything to be going well."""
        self._passed += seconds
        if self._passed > self._longest:
            message = f"Nothing has ended within {self._longest / 3600:.0f} hours of virtual time."
            raise TimeoutError(message)

    def is_busy(self) -> bool:
        """Tell whether a thread or a subprocess has work to do other than wait for an answer."""
        self._children = [one for one in self._children if one.get_returncode() is None]
        threads = sum(
            thread not in self._strangers and not thread.name.startswith(_HANDS)
            for thread in threading.enumerate()
        )
        waiting = sum(waits() for waits in self._visits)
        return self._calls + threads + len(self._children) > waiting

    @contextmanager
    def visited(self, waits: Callable[[], bool]) -> Iterator[None]:
        """Know of a request to this loop, whose sender does nothing else while `waits()`."""
        self._visits.append(waits)
        try:
            yield
        finally:
            self._visits.remove(waits)

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[Unpack[Ts]], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        """Count the calls that a pool's threads are busy with."""
        future = super().run_in_executor(executor, func, *args)
        self._calls += 1
        future.add_done_callback(self._returned)
        return future

    async def subprocess_exec(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Count the programs that run."""
        return self._born(await super().subprocess_exec(*args, **kwargs))

    async def subprocess_shell(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Count the programs that run."""
        return self._born(await super().subprocess_shell(*args, **kwargs))

    def _born(self, made: tuple[asyncio.SubprocessTransport, Any]) -> Any:  # noqa: ANN401
        self._children.append(made[0])
        return made

    def _returned(self, _: object) -> None:
        self._calls -= 1


class VirtualClock:
    """Time and chance for programs that take a clock: the running loop's, and a seed's."""

    def __init__(self, seed: int = 0) -> None:
        """Draw the same numbers for the same seed."""
        self._random = random.Random(seed)  # noqa: S311 - chance that can be had again

    def now(self) -> float:
        """Return seconds since the epoch."""
        return now()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return self._random.random()


def now() -> float:
    """Return seconds since the epoch, as the running loop has them; real ones without such."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return time.time()
    return loop.now() if isinstance(loop, VirtualLoop) else time.time()


@contextmanager
def visiting(waits: Callable[[], bool]) -> Iterator[None]:
    """Tell a virtual loop of a request; see `VirtualLoop.visited`."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualLoop):
        yield
        return
    with loop.visited(waits):
        yield


def run(main: Coroutine[Any, Any, T], *, epoch: float = EPOCH, longest: float = LONGEST) -> T:
    """Run a coroutine to its end in a loop of virtual time; it has `longest` seconds of it."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(epoch, longest)) as runner:
        return runner.run(main)
