"""What a script writes is shown, and stays inside its fence."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docklet.render.fence import fenced, first, last, readable, visible
from tests.markdown import fences, kinds

NASTY = st.text(alphabet=st.sampled_from("`~ \n\ta@<>/&#[]()!*_|-=\\é́👍🏽\u200d👩💻🇩🇪\u202e"))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain\n", "plain\n"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07after", "after"),
        (b"\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b]0;never ends\nnext line", "\nnext line"),
        (b"\x1b", ""),
        (b"10%\r50%\r100%\n", "100%\n"),
        (b"windows\r\nlines\r\n", "windows\nlines\n"),
        (b"nul\x00bell\x07back\x08\x7f", "nulbellback"),
        (b"\xff\xfe", "��"),
        (b"a\tb", "a\tb"),
        ("\u009b31mC1".encode(), "C1"),
        ("\u202eevil".encode(), "<U+202E>evil"),
        ("zero\u200bwidth\ufeff".encode(), "zero<U+200B>width<U+FEFF>"),
        ("👩\u200d💻 a\u200db".encode(), "👩\u200d💻 a<U+200D>b"),
        ("tag\U000e0041".encode(), "tag<U+E0041>"),
    ],
)
def test_output_is_made_readable(data: bytes, text: str) -> None:
    """Terminal sequences go, hidden characters show, nothing else changes."""
    assert readable(data) == text


@settings(deadline=None)
@given(st.binary())
def test_no_control_character_is_left(data: bytes) -> None:
    """Whatever bytes come, only newlines and tabs are left of what controls a terminal."""
    assert not [c for c in readable(data) if unicodedata.category(c) == "Cc" and c not in "\n\t"]


@settings(deadline=None)
@given(NASTY | st.text())
def test_fence_holds(text: str) -> None:
    """A renderer sees one code block with exactly the text in it."""
    shown = visible(text.replace("\r", "").replace("\0", ""))
    block = fenced(shown)
    assert kinds(block) == {"fence"}
    assert fences(block) == [f"{shown}\n"]


@settings(deadline=None)
@given(NASTY, st.integers(0, 30), st.integers(1, 5))
def test_end_is_kept(text: str, characters: int, lines: int) -> None:
    """What is left of a log is its end, within both limits."""
    end = last(text, lines=lines, characters=characters)
    assert text.rstrip("\n").endswith(end)
    assert len(end) <= characters
    assert end.count("\n") < lines


@pytest.mark.parametrize("text", ["👍🏽", "👩\u200d💻", "e\u0301\u0323", "🇩🇪", "❤️"])
def test_no_character_is_torn_apart(text: str) -> None:
    """An emoji, a flag or a letter with its accents is there as a whole or not at all."""
    for length in range(len(text)):
        assert not last(text, lines=1, characters=length)
        assert first(text, length + 1) in {text, "…"}


def test_flags_are_counted_in_pairs() -> None:
    """Of two flags in a row the second is kept whole."""
    assert last("🇩🇪🇫🇷", lines=1, characters=3) == "🇫🇷"
