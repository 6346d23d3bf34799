"""A live display on a terminal: the script's output above, the phases and the cost below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import live
from rich.console import Console, Group
from rich.spinner import Spinner
from rich.text import Text

from docklet.domain.cost import dollars
from docklet.domain.events import Ended, LogArrived
from docklet.domain.progress import Progress, advance
from docklet.render import log
from docklet.render.bill import spent
from docklet.render.fence import readable
from docklet.render.lines import Lines
from docklet.render.timeline import timeline
from docklet.render.units import duration
from docklet.render.words import headline

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import RenderableType

    from docklet.domain.events import Event
    from docklet.ports import Clock
    from docklet.render.mask import Mask

MOST_LINES: Final = 200
"""Lines printed at once; nobody can read more as they fly past."""
APART: Final = 0.25
"""Seconds between two prints: drawing a flood would take longer than receiving it."""
PREVIEW: Final = 10
"""Lines that wait to be printed and are shown in the moving part meanwhile."""


class Live:
    """Draw what happens, four times a second, from a thread of rich's."""

    def __init__(self, stream: TextIO, clock: Clock, mask: Mask | None = None) -> None:
        self.progress = Progress()
        self._clock = clock
        self._lines = Lines(mask)
        self._waiting: tuple[bytes, ...] = ()
        self._skipped = 0
        self._printed = 0.0
        self._console = Console(file=stream, highlight=False)
        self._spinner = Spinner("dots")
        self._live = live.Live(
            console=self._console,
            get_renderable=self._draw,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def notify(self, event: Event) -> None:
        """Print what an event means."""
        self.progress = advance(self.progress, event)
        if isinstance(event, LogArrived):
            self._script(self._lines.feed(event.data))
            return
        if log.ends_log(event):
            self._script(self._lines.end(), last=True)
        if isinstance(event, Ended):
            self._finish()
        for line in log.lines(event, self.progress):
            self._console.print(Text(line, style="bold"), soft_wrap=True)

    def close(self) -> None:
        """Print what is left and give the terminal back."""
        self._script(self._lines.end(), last=True)
        self._live.stop()

    def _finish(self) -> None:
        """Replace the moving display by the timeline as it was."""
        self._live.stop()
        self._console.print(Text(timeline(self.progress, self._clock.now())))

    def _script(self, lines: tuple[bytes, ...], *, last: bool = False) -> None:
        """Take lines of the script, and print them unless others were printed just now."""
        waiting = (*self._waiting, *lines)
        self._skipped += max(0, len(waiting) - MOST_LINES)
        self._waiting = waiting[-MOST_LINES:]
        if last or self._clock.now() - self._printed >= APART:
            self._print_waiting()
            self._printed = self._clock.now()

    def _print_waiting(self) -> None:
        """Print lines of the script; none of them can move the cursor or set the title."""
        lines, skipped = self._waiting, self._skipped
        self._waiting, self._skipped = (), 0
        if skipped:
            told = f"docklet: {skipped} lines are in the log file only"
            self._console.print(Text(told, style="dim"))
        if lines:
            self._console.print(Text(readable(b"\n".join(lines))), soft_wrap=True)

    def _draw(self) -> RenderableType:
        """Return the phases and what they cost so far."""
        now, progress = self._clock.now(), self.progress
        if not progress.started:
            return Text("")
        cost = spent(progress, now)
        so_far = f", {dollars(cost)} so far" if cost is not None else ""
        elapsed = duration(now - progress.started)
        self._spinner.update(text=f"{headline(progress)} {elapsed}{so_far}")
        preview = Text(readable(b"\n".join(self._waiting[-PREVIEW:])), style="dim")
        parts = (preview,) if self._waiting else ()
        return Group(*parts, Text(timeline(progress, now)), self._spinner)
