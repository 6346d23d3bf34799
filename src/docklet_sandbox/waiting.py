"""A queue of things that shall go wrong, each of which waits for what it is meant for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar


class Counted(Protocol):
    """A dataclass that says how often it is for."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def skip(self) -> int:
        """How many that are meant pass unharmed first."""
        ...

    @property
    def count(self) -> int | None:
        """How many are struck; None is all that come."""
        ...


C = TypeVar("C", bound=Counted)


class Waiting(Generic[C]):
    """Things that wait, in the order in which they were queued."""

    def __init__(self) -> None:
        """Start with nothing queued: all goes well."""
        self._queue: list[C] = []

    def add(self, thing: C) -> None:
        """Queue a thing behind those that are there."""
        self._queue.append(thing)

    def take(self, meant: Callable[[C], bool]) -> C | None:
        """Return the first that is meant and has no more to skip, and use it up once."""
        for index, thing in enumerate(self._queue):
            if not meant(thing):
                continue
            if thing.skip:
                self._queue[index] = replace(thing, skip=thing.skip - 1)
                continue
            self._use(index, thing)
            return thing
        return None

    def clear(self) -> None:
        """Forget everything that did not happen yet."""
        self._queue.clear()

    def pending(self) -> list[C]:
        """Return what still waits."""
        return list(self._queue)

    def _use(self, index: int, thing: C) -> None:
        if thing.count is None:
            return
        if thing.count > 1:
            self._queue[index] = replace(thing, count=thing.count - 1)
        else:
            del self._queue[index]
