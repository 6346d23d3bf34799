"""The terminal shows a run as it goes, and nobody who reads slowly can hold it up."""

from __future__ import annotations

import io
import os
import threading
from typing import TYPE_CHECKING

from docklet.adapters.printer import Printer
from docklet.adapters.terminal.terminal import Plain, display
from docklet.domain.events import Ended
from docklet.domain.secret import Secret
from docklet.render.mask import mask_of
from tests.builders import START, make_events, make_outcome
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from docklet.adapters.terminal.terminal import Display


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Claim to be one."""
        return True


def play(shown: Display, log: bytes) -> None:
    """Let a whole run take place."""
    for event in (*make_events(log=log), Ended(at=START + 80, outcome=make_outcome())):
        shown.notify(event)
    shown.close()


def test_plain_lines() -> None:
    """In a pipe the script's lines are as they were, and ours can be told apart."""
    out = io.BytesIO()
    printer = Printer(out)
    shown = display(io.StringIO(), printer, FakeClock(), mask_of([Secret("hidden-value")]))
    assert isinstance(shown, Plain)
    play(shown, b"one\ntwo hidden-value")
    lines = out.getvalue().decode().splitlines()
    assert (
        lines.index("one") < lines.index("two ***") < lines.index("docklet: run          20.0 s")
    )
    assert "docklet: The script succeeded. 1m 20s, $0.01" in lines


def test_live_display() -> None:
    """On a terminal the output scrolls by and the timeline stays, without the script's codes."""
    screen = Screen()
    shown = display(screen, Printer(io.BytesIO()), FakeClock(START))
    assert not isinstance(shown, Plain)
    play(shown, b"\x1b]0;title\x07[red]one[/red]\n" + b"n\n" * 300 + b"last")
    text = screen.getvalue()
    assert "[red]one" not in text
    assert "101 lines are in the log file only" in text
    assert "\x1b]0;" not in text
    assert "last" in text
    assert "█" in text
    assert "The script succeeded. 1m 20s" in text


class Stuck(io.BytesIO):
    """A reader who has stopped reading."""

    def __init__(self) -> None:
        super().__init__()
        self.read_on = threading.Event()

    def write(self, data: object) -> int:
        """Wait until somebody reads."""
        self.read_on.wait(10)
        return super().write(data)  # type: ignore[arg-type]


def test_slow_reader_holds_nobody_up() -> None:
    """While nobody reads, printing returns at once; what finds no room is counted."""
    out = Stuck()
    printer = Printer(out, room=100)
    for _ in range(50):
        printer.write(b"0123456789")
    printer.close(within=0.05)
    out.read_on.set()
    printer.close()
    assert out.getvalue() == b"0123456789" * 10


def test_dropped_bytes_are_told() -> None:
    """When the reader goes on, it is told how much is missing."""
    out = Stuck()
    printer = Printer(out, room=100)
    for _ in range(12):
        printer.write(b"0123456789")
    out.read_on.set()
    while out.tell() < 100:
        threading.Event().wait(0.001)
    threading.Event().wait(0.01)
    printer.write(b"end\n")
    printer.close()
    assert out.getvalue().endswith(b"\ndocklet: 20 bytes were not read in time.\nend\n")


def test_reader_who_left_is_no_error() -> None:
    """A closed pipe does not raise, and does not keep the process."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as out:
        printer = Printer(out)
        printer.write(b"anybody?\n")
        printer.write(b"no\n")
        printer.close()
