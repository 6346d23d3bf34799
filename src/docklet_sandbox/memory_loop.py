"""A loop of virtual time with a network of its own, and processes in it that can be killed.

Nothing of the world outside takes part: no socket, thread or program. So everything happens in
one order, which is the same each time, and as fast as Python runs.
"""

from __future__ import annotations

import asyncio
import errno
import selectors
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple
from weakref import WeakSet

from docklet_sandbox.memory_wire import MemoryEnd, connection
from docklet_sandbox.virtual_time import EPOCH, LONGEST, VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from concurrent.futures import Executor
    from typing import Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
H = TypeVar("H", bound=asyncio.Handle)
Knocked = Callable[[MemoryEnd], None]
Address = tuple[str, int]
_FIRST_PORT = 49_152


@dataclass(slots=True, eq=False)
class Process:
    """Whatever runs in its context, until it is killed."""

    alive: bool = True


_process: ContextVar[Process | None] = ContextVar("process", default=None)


class _Nobody(selectors.DefaultSelector):
    """Looks at nothing, and skips every wait."""

    loop: MemoryLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            message = "Everybody waits, and nothing will ever happen again."
            raise RuntimeError(message)
        if timeout > 0:
            self.loop.skip(timeout)
        return []


@dataclass(slots=True, eq=False)
class Listener:
    """A place where connections are accepted, as the standard library's servers are."""

    loop: MemoryLoop
    address: Address
    knocked: Knocked
    secure: bool = False
    context: Context = field(default_factory=copy_context)

    @property
    def sockets(self) -> tuple[Listener, ...]:
        """Where it listens."""
        return (self,)

    def getsockname(self) -> Address:
        """Return the address."""
        return self.address

    def close(self) -> None:
        """Accept nothing any more."""
        self.loop.listeners.pop(self.address, None)

    async def wait_closed(self) -> None:
        """Do nothing: closing takes no time."""


class MemoryLoop(VirtualLoop):
    """The loop."""

    def __init__(self, epoch: float = EPOCH, longest: float = LONGEST) -> None:
        """Begin at `epoch`."""
        selector = _Nobody()
        super().__init__(epoch, longest, selector)
        selector.loop = self
        self.listeners: dict[Address, Listener] = {}
        self.asked: set[Address] = set()
        """Where somebody has tried to connect to."""
        self._ends: WeakSet[MemoryEnd] = WeakSet()
        self._graves: list[set[asyncio.Task[Any]]] = []
        self._ports = iter(range(_FIRST_PORT, 65_536))

    def listen(self, address: Address, knocked: Knocked, *, secure: bool = False) -> Listener:
        """Have connections to an address accepted, in the running context."""
        if address in self.listeners:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        self.listeners[address] = Listener(self, address, knocked, secure)
        return self.listeners[address]

    def connect(self, address: Address) -> MemoryEnd:
        """Connect; raise ConnectionRefusedError where nobody listens."""
        self.asked.add(address)
        listener = self.listeners.get(address)
        if listener is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        told = {"sslcontext": self} if listener.secure else {}
        near, far = connection(self, address, listener.context, **told)
        self._ends |= {near, far}
        self.call_soon(listener.knocked, far, context=listener.context)
        return near

    async def create_connection(self, protocol_factory: Any, *place: Any, **how: Any) -> Any:  # noqa: ANN401
        """Connect to a host and port, or take over the end of a connection (`sock`)."""
        end = how.get("sock") or self.connect((str(place[0]), int(place[1])))
        return self._attached(end, protocol_factory)

    async def create_server(
        self,
        protocol_factory: Any,  # noqa: ANN401 - as all of these
        host: Any = None,  # noqa: ANN401
        port: Any = 0,  # noqa: ANN401
        *,
        ssl: Any = None,  # noqa: ANN401
        **_: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Accept connections, each with a protocol of its own."""
        address = (str(host), int(port) or next(self._ports))

        def knocked(end: MemoryEnd) -> None:
            self._attached(end, protocol_factory)

        return self.listen(address, knocked, secure=ssl is not None)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Call a function at once: there are no threads here."""
        del executor
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            future.set_exception(error)
        return future

    def spawn(self, main: Coroutine[Any, Any, T]) -> tuple[Process, asyncio.Task[T]]:
        """Start a process: everything that `main` begins, too, belongs to it."""
        process = Process()
        context = copy_context()
        context.run(_process.set, process)
        return process, self.create_task(main, context=context)

    def kill(self, process: Process) -> None:
        """End a process between two steps, so that nothing of it goes on, not even to tidy up.

        Its connections are closed, as a kernel does.
        """
        process.alive = False
        # Python would run what a forgotten coroutine has to tidy up.
        self._graves.append(asyncio.all_tasks(self))
        for handle in self._handles():
            _unless_dead(handle)
        for end in [end for end in self._ends if _is_dead(end.context)]:
            end.close()

    def call_soon(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Call back soon, unless it is a dead process's."""
        return _unless_dead(super().call_soon(callback, *args, context=context))

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back at a time, unless it is a dead process's."""
        return _unless_dead(super().call_at(when, callback, *args, context=context))

    def _attached(self, end: MemoryEnd, protocol_factory: Any) -> tuple[MemoryEnd, Any]:  # noqa: ANN401
        protocol = protocol_factory()
        protocol.connection_made(end)
        end.set_protocol(protocol)
        return end, protocol

    def _handles(self) -> Iterator[Any]:
        """Yield all that waits to be called."""
        yield from list(self._ready)  # type: ignore[attr-defined]
        yield from list(self._scheduled)  # type: ignore[attr-defined]


def running() -> MemoryLoop | None:
    """Return the running loop, if it has a network of its own."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    return loop if isinstance(loop, MemoryLoop) else None


def _is_dead(context: Context) -> bool:
    process = context.get(_process)
    return process is not None and not process.alive


def _unless_dead(handle: H) -> H:
    if _is_dead(handle._context):  # type: ignore[attr-defined]  # noqa: SLF001 - no other way
        handle.cancel()
    return handle
