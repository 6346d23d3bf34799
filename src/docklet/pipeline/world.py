"""What the steps of a run work with: the ports, and a way to tell what happens."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from docklet.domain.events import Noticed, PhaseEnded, PhaseStarted
from docklet.domain.progress import Progress, advance

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
    from pathlib import Path

    from docklet.domain.events import Event, Phase
    from docklet.domain.secret import Secret
    from docklet.pipeline.aside import Aside
    from docklet.ports import Access, Clock, Cloud, Forge, Git, Observer, Shell

T = TypeVar("T")


class Record:
    """What has happened so far."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.progress = Progress()
        self.broken: list[Observer] = []
        """Those who raised where they must not."""

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        self.progress = advance(self.progress, event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The cloud, and a way to tell what happens there: enough to clean up."""

    cloud: Cloud
    clock: Clock
    record: Record
    """What has happened so far; the first to be told of anything."""
    observers: tuple[Observer, ...]

    def tell(self, event: Event) -> None:
        """Let everybody know; an observer that breaks down harms nobody but itself."""
        self.record.notify(event)
        for observer in self.observers:
            try:
                observer.notify(event)
            except Exception as error:  # noqa: BLE001 - reports never decide the fate of the work
                self._tell_broken(observer, error)

    def _tell_broken(self, observer: Observer, error: Exception) -> None:
        """Tell the others, once."""
        if observer not in self.record.broken:
            self.record.broken.append(observer)
            who, why = type(observer).__name__, type(error).__name__
            told = f"`{who}` does not show everything, by a mistake of docklet's ({why})."
            self.tell(Noticed(at=self.clock.now(), message=told))

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        """Tell when a phase starts and ends."""
        self.tell(PhaseStarted(at=self.clock.now(), phase=phase))
        ok = False
        try:
            yield
            ok = True
        finally:
            self.tell(PhaseEnded(at=self.clock.now(), phase=phase, ok=ok))


async def _always() -> str:
    """Have nothing against a push: whoever may start a workflow may push by it."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class World(Site):
    """Everything outside, as ports: what a run works with."""

    access: Access
    forge: Forge
    open_git: Callable[[], Awaitable[Git]]
    """Make a clean git directory for the run's repository."""
    host: Shell
    """A shell on the machine that docklet runs on."""
    agent_code: bytes
    """The program that does the work on the droplet; see `docklet.droplet`."""
    directory: Path
    """Where the log and, when the repository can't have them, the results are left."""
    server_url: str
    """The forge's address for git, such as `https://github.com`."""
    forge_token: Secret
    """For the one clone on the fresh droplet."""
    aside: Aside | None = None
    """Who saves what other runs have left, if anybody does."""
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    """What no result may hold, beside what the script is given; by the names of inputs."""
    may_push: Callable[[], Awaitable[str]] = _always
    """Ask, right before a push, why the results may not go to the branch; nothing: they may."""


async def together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Do several things at once; when one fails, stop the others and raise its error alone."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def finishes(tasks: Iterable[asyncio.Future[Any]], seconds: float, clock: Clock) -> bool:
    """Wait up to `seconds` for `tasks`; tell whether all are done. Those that are not go on."""
    waiting = set(tasks)
    limit = asyncio.ensure_future(clock.sleep(seconds))
    try:
        while waiting and not limit.done():
            await asyncio.wait({*waiting, limit}, return_when=asyncio.FIRST_COMPLETED)
            waiting = {task for task in waiting if not task.done()}
    finally:
        limit.cancel()
        await asyncio.gather(limit, return_exceptions=True)
    return not waiting


def is_stopped() -> bool:
    """Tell whether this task was cancelled, whatever became of that."""
    task = asyncio.current_task()
    return task is not None and bool(task.cancelling())


async def to_the_end(
    work: Coroutine[Any, Any, T], *, when_cancelled: Callable[[], None] | None = None
) -> T:
    """Do something to its end, however often this task is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            if when_cancelled is not None:
                when_cancelled()
    return task.result()
