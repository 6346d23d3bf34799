"""The terminal: a live display for people, plain lines for pipes and files."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from docklet.domain.events import LogArrived
from docklet.domain.progress import Progress, advance
from docklet.render import log
from docklet.render.lines import Lines

if TYPE_CHECKING:
    from typing import TextIO

    from docklet.adapters.printer import Printer
    from docklet.domain.events import Event
    from docklet.ports import Clock
    from docklet.render.mask import Mask


class Display(Protocol):
    """An observer that has to be closed."""

    progress: Progress

    def notify(self, event: Event) -> None:
        """Take note of an event."""

    def close(self) -> None:
        """Print what is left."""


def display(stream: TextIO, printer: Printer, clock: Clock, mask: Mask | None = None) -> Display:
    """Return a live display when `stream` is a terminal, else plain lines on `printer`."""
    if stream.isatty() and find_spec("rich"):
        from docklet.adapters.terminal.live import Live

        return Live(stream, clock, mask)
    return Plain(printer, mask)


class Plain:
    """Print the script's lines as they are, and ours behind `docklet:`."""

    def __init__(self, printer: Printer, mask: Mask | None = None) -> None:
        self._printer = printer
        self._lines = Lines(mask)
        self.progress = Progress()

    def notify(self, event: Event) -> None:
        """Print what an event means."""
        self.progress = advance(self.progress, event)
        if isinstance(event, LogArrived):
            self._print(self._lines.feed(event.data))
            return
        if log.ends_log(event):
            self._print(self._lines.end())
        told = log.lines(event, self.progress)
        self._print(tuple(f"docklet: {line}".encode("utf-8", "replace") for line in told))

    def close(self) -> None:
        """Print what is left."""
        self._print(self._lines.end())
        self._printer.close()

    def _print(self, lines: tuple[bytes, ...]) -> None:
        """Print lines, all at once."""
        if lines:
            self._printer.write(b"\n".join((*lines, b"")))
