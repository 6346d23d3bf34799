"""What docklet needs of the process that it runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from docklet.domain.events import Event


class Clock(Protocol):
    """Time and chance."""

    def now(self) -> float:
        """Return epoch seconds."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def random(self) -> float:
        """Return a number in [0, 1)."""


class Observer(Protocol):
    """Somebody who wants to know."""

    def notify(self, event: Event) -> None:
        """Take note of an event; must be quick and must not raise."""
