"""Plain lines, units, masks and command lines."""

from __future__ import annotations

import base64
import shlex
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docklet.domain import diffstat
from docklet.domain.events import Ended, Noticed
from docklet.domain.outcome import LeftOut, Published, Reason
from docklet.domain.progress import Progress, advance
from docklet.domain.script import command_line
from docklet.domain.secret import Secret
from docklet.render import log
from docklet.render.lines import Lines
from docklet.render.mask import mask_of
from docklet.render.repeat import pinned, repeat
from docklet.render.units import amount, duration, moment
from tests.builders import (
    DIGEST,
    START,
    make_events,
    make_outcome,
    make_plan,
    make_published,
)

CANARY = 's3cr+t/väl"ue'


def told() -> list[str]:
    """Return the lines of a whole run."""
    progress = Progress()
    found: list[str] = []
    for event in (*make_events(), Ended(at=START + 80, outcome=make_outcome(message="All well."))):
        progress = advance(progress, event)
        found += log.lines(event, progress)
    return found


def test_left_out_results_are_bounded() -> None:
    """Thousands of results that were left out do not flood the log, nor do endless names."""
    many = tuple(LeftOut(path=f"{n}" * 2000, reason="it is odd") for n in range(5000))
    outcome = make_outcome(published=Published(left_out=many, archive="d/results.tar"))
    shown = log.lines(Ended(at=START, outcome=outcome), Progress())
    assert sum("Left out" in line for line in shown) == 101
    assert "Left out: 4900 more" in shown
    assert max(map(len, shown)) < 350
    assert shown[-1] == "The archive of the results is d/results.tar"


def test_phases_have_durations() -> None:
    """Each phase is a line with its duration, aligned with the others."""
    assert "boot         29.0 s" in told()
    assert "run          20.0 s" in told()


def test_ending_says_where_results_are() -> None:
    """The last lines say how it ended, what it cost and where the results are."""
    assert told()[-3:] == [
        "The script succeeded. 1m 20s, $0.01",
        "All well.",
        f"The results are commit {'2' * 40} on main.",
    ]


def test_ending_says_how_many_lines_changed() -> None:
    """Where the forge has counted them, they are behind the commit."""
    published = make_published(lines=diffstat.Lines(added=7, removed=1))
    ended = Ended(at=START, outcome=make_outcome(published=published))
    assert log.lines(ended, Progress())[-1].endswith(" on main (+7 \u22121).")


def test_existing_droplet_has_no_price() -> None:
    """A run on the user's own machine does not say what it could cost."""
    plan = make_plan(droplet="my-box")
    lines = log.lines(make_events(plan=plan)[0], Progress(plan=plan))
    assert lines[-1] == "On the existing droplet my-box, which is not deleted."


def test_notes_are_lines() -> None:
    """A note is printed as it is, without control characters."""
    event = Noticed(at=START, message="a\x1b[31m\nb")
    assert log.lines(event, Progress()) == ("a<U+001B>[31m", "b")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (1.24, "1.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1m 00s"),
        (723, "12m 03s"),
        (3723, "1h 02m 03s"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    """Durations read well at any length."""
    assert duration(seconds) == text


def test_amounts_and_moments() -> None:
    """Bytes have binary units; points in time are ISO 8601 in UTC."""
    assert [amount(n) for n in (12, 2048, 3 * 1024**2, 2**41)] == [
        "12 bytes",
        "2.0 KiB",
        "3.0 MiB",
        "2048.0 GiB",
    ]
    assert moment(1_700_000_000.9) == "2023-11-14T22:13:20Z"


SPELLINGS = {
    "plain": CANARY.encode(),
    "in base64": base64.b64encode(CANARY.encode()),
    "in base64, shifted by 1": base64.b64encode(b"x" + CANARY.encode()),
    "in base64, shifted by 2": base64.b64encode(b"xy" + CANARY.encode() + b"z"),
    "in hexadecimal": CANARY.encode().hex().encode(),
    "in a URL": b"s3cr%2Bt%2Fv%C3%A4l%22ue",
    "in JSON": b'{"a":"s3cr+t/v\\u00e4l\\"ue"}',
}


@pytest.mark.parametrize("data", SPELLINGS.values(), ids=SPELLINGS)
def test_usual_spellings_are_masked(data: bytes) -> None:
    """A secret in a usual spelling leaves hardly anything of itself."""
    shown = mask_of([Secret(CANARY)]).data(data)
    assert b"***" in shown
    assert len(shown.replace(b'{"a":"', b"").replace(b'"}', b"")) < 12


def test_masks_work_line_by_line() -> None:
    """A secret of several lines is masked where a single line of it is printed."""
    mask = mask_of([Secret("first-line\nab\nsecond-line\n")])
    assert mask.text("x second-line y ab") == "x *** y ab"
    assert CANARY not in repr(mask_of([Secret(CANARY)]))


def test_no_secrets_no_mask() -> None:
    """Without secrets nothing changes."""
    assert mask_of([]).text("text") == "text"
    assert mask_of([Secret("abc")]).text("abc") == "abc"


@settings(deadline=None)
@given(st.binary(max_size=400), st.integers(1, 40), st.lists(st.integers(0, 400), max_size=8))
def test_cuts_make_no_difference(data: bytes, longest: int, cuts: list[int]) -> None:
    """The pieces in which output comes do not show in its lines, and no line is too long."""
    whole, pieces = Lines(longest=1000), Lines(longest=1000)
    expected = [*whole.feed(data), *whole.end()]
    edges = [0, *sorted(cuts), len(data)]
    found = [line for a, b in pairwise(edges) for line in pieces.feed(data[a:b])]
    assert [*found, *pieces.end()] == expected
    short = Lines(longest=longest)
    assert all(len(line) <= longest for line in (*short.feed(data), *short.end()))


def test_every_byte_of_a_long_line_arrives() -> None:
    """A line that is too long comes in pieces, which torn characters do not begin."""
    lines = Lines(longest=10)
    found = [line for _ in range(50) for line in lines.feed("é€".encode())]
    found += lines.end()
    assert b"".join(found).decode() == "é€" * 50
    assert all(line.decode() for line in found)


def test_secret_at_every_cut_is_masked() -> None:
    """Wherever a piece ends, even inside a secret in an endless line, nothing of it leaks."""
    secret = Secret("0123456789abcdef")
    for at in range(64):
        lines = Lines(mask_of([secret]), longest=32)
        data = b"x" * 40 + b"0123456789abcdef" + b"y" * 40
        found = b"".join((*lines.feed(data[:at]), *lines.feed(data[at:]), *lines.end()))
        assert found == b"x" * 40 + b"***" + b"y" * 40


def test_progress_bars_show_their_last_state() -> None:
    """A line that was written over is printed once, as it was in the end."""
    assert Lines().feed(b"1%\r50%\r100%\r\nnext\n") == (b"100%", b"next")


@pytest.mark.parametrize("interpreter", ["", "Rscript --vanilla"])
def test_repeating_needs_the_same_options(interpreter: str) -> None:
    """The command line holds what is unusual, the pinned image, and no secret's value."""
    plan = make_plan(
        argv=command_line("knit.R", interpreter=interpreter, args=("a b", "c")),
        env={"TOKEN": Secret(CANARY)},
        timeout=60,
    )
    run, local = (shlex.split(line) for line in _split(repeat(plan, DIGEST)))
    assert run[run.index("--image") + 1] == f"rocker/verse@{DIGEST}"
    assert run[run.index("--args") + 1] == "a b\nc"
    assert run[run.index("--env") + 1] == "TOKEN=..."
    assert run[run.index("--timeout") + 1] == "60"
    assert ("--interpreter" in local) == bool(interpreter)
    assert "--size" not in local
    assert "--lfs" not in run


def test_pinned_image_is_left_alone() -> None:
    """An image that is named by digest needs no other, nor does one without."""
    assert pinned(f"a@{DIGEST}", DIGEST) == f"a@{DIGEST}"
    assert pinned("a:1", "") == "a:1"


def test_every_reason_ends_in_a_line() -> None:
    """Each ending can be printed."""
    for reason in Reason:
        event = Ended(at=START, outcome=make_outcome(reason=reason))
        assert log.lines(event, advance(Progress(), event))[0].endswith("1m 20s, $0.01")


def _split(text: str) -> tuple[str, str]:
    """Return the two command lines, whose arguments may hold newlines."""
    run, local = text.split("\ndocklet local ")
    return run, f"docklet local {local}"
