"""Secrets are found in results in every usual spelling, wherever chunks begin and end."""

from __future__ import annotations

import base64
import codecs
import gzip
import html
import json
from textwrap import wrap
from typing import Final
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docklet.domain.leak import NOTHING, search_for
from docklet.domain.secret import Secret

VALUE: Final = 'pa+ss/w"ord<42>\u00fc_canary~Zq7'
RAW: Final = VALUE.encode()
SEARCH: Final = search_for({"API_KEY": Secret(VALUE)})
KEY: Final = (
    "-----BEGIN KEY-----\n" + "\n".join(c * 40 + "=" for c in "abc") + "\n-----END KEY-----"
)
SPELLINGS: Final = {
    "plain": RAW,
    "url": quote(VALUE, safe="").encode(),
    "json": json.dumps(VALUE).encode(),
    "json in utf-8": json.dumps(VALUE, ensure_ascii=False).encode(),
    "html": html.escape(VALUE).encode(),
    "json for html": VALUE.replace("/", "\\/").encode(),
    "base64": base64.b64encode(RAW),
    "base64, shifted by 1": base64.b64encode(b"x" + RAW),
    "base64, shifted by 2": base64.b64encode(b"xy" + RAW + b"z"),
    "base64 for urls": base64.urlsafe_b64encode(b"??>" + RAW),
    "wrapped base64": b"\r\n".join(
        line.encode() for line in wrap(base64.b64encode(RAW).decode(), 7)
    ),
    "hex": RAW.hex().encode(),
    "HEX": RAW.hex().upper().encode(),
    "xxd -p": b"\n".join(line.encode() for line in wrap(RAW.hex(), 60)),
}
UNSEEN: Final = {
    "reversed": RAW[::-1],
    "rot13": codecs.encode(VALUE, "rot13").encode(),
    "spaced": b" ".join(RAW[i : i + 1] for i in range(len(RAW))),
    "gzip": gzip.compress(RAW),
    "gzip in base64": base64.b64encode(gzip.compress(RAW)),
    "a slice": RAW[: len(RAW) // 2],
    "broken by a carriage return": RAW[:9] + b"\r" + RAW[9:],
}
"""What is not found, so that nobody believes it were: see the README."""


def found(content: bytes, size: int = 1 << 20) -> str:
    """Search content in chunks of so many bytes."""
    return SEARCH.found(content[at : at + size] for at in range(0, len(content), size))


@pytest.mark.parametrize("how", SPELLINGS)
def test_every_usual_spelling(how: str) -> None:
    """The secret is known by its name, whatever stands around it."""
    for around in (b"", b" ", b"x", b"\n\0\xff"):
        assert found(around + SPELLINGS[how] + around) == "API_KEY"


@pytest.mark.parametrize("how", UNSEEN)
def test_what_is_not_found(how: str) -> None:
    """Whoever wants to hide a secret can: the table says what is not promised."""
    assert not found(UNSEEN[how])


@given(
    how=st.sampled_from(sorted(SPELLINGS)),
    before=st.integers(0, 300),
    after=st.integers(0, 300),
    size=st.integers(1, 90),
)
def test_chunks(how: str, before: int, after: int, size: int) -> None:
    """It does not matter where a chunk ends."""
    assert found(b"." * before + SPELLINGS[how] + b"." * after, size) == "API_KEY"
    half = SPELLINGS[how][: len(SPELLINGS[how]) // 2]
    assert not found(b"." * before + half + b"." * after, size)


@given(st.integers(1, 12), st.sampled_from(["", "x", "7", ".", "=", "\n"]), st.integers(0, 40))
def test_short_values_are_words(size: int, beside: str, before: int) -> None:
    """A short value counts where it stands alone, and not within `breakfast`."""
    search = search_for({"MODE": Secret("fast")})
    for text in (beside + "fast", "fast" + beside):
        content = (" " * before + text).encode()
        chunks = [content[at : at + size] for at in range(0, len(content), size)]
        assert search.found(chunks) == ("" if beside.isalnum() else "MODE")


def test_second_place_counts() -> None:
    """A value that is a part of a word first may stand alone later."""
    assert search_for({"MODE": Secret("fast")}).found([b"breakfast, ", b"fast"]) == "MODE"


@pytest.mark.parametrize(
    "value",
    ["", "abc", "  ab ", "true", "NULL", "2024", "0.05", "2024-01-31", "12:30", "-1e-10", "1,5"],
)
def test_settings_are_no_secrets(value: str) -> None:
    """What is too short, or a number, a date or a switch, is in every other file."""
    search = search_for({"X": Secret(value)})
    assert search == NOTHING
    assert not search.found([b"true 2024 0.05 2024-01-31 12:30 -1e-10 1,5 NULL abc"])


@pytest.mark.parametrize(
    "value", ["hunter2", "swordfish", "1234567890123456", "4f2a", "p\u00e4ss"]
)
def test_secrets_are_secrets(value: str) -> None:
    """Whatever may be a password is looked for."""
    search = search_for({"X": Secret(f" {value}\n")})
    assert search.names == {"X"}
    assert search.found([f"password = {value};".encode()]) == "X"


def test_lines_of_a_key() -> None:
    """A value of several lines is found whole, and by its long lines, but not by its frame."""
    search = search_for({"KEY": Secret(KEY)})
    assert search.found([KEY.encode()]) == "KEY"
    assert search.found([base64.encodebytes(KEY.encode())]) == "KEY"
    assert search.found(["\r\n".join(KEY.splitlines()).encode()]) == "KEY"
    assert search.found([b"x = '" + b"b" * 40 + b"='"]) == "KEY"
    assert not search.found([b"-----BEGIN KEY-----\nMIIE\n-----END KEY-----"])


def test_pictures_in_notebooks() -> None:
    """Base64 of a short value would be found in any picture, so it is not looked for."""
    assert min(len(each.text) for each in search_for({"X": Secret("abcd")}).flat) == 8


def test_nothing_to_look_for() -> None:
    """A run without secrets has nothing to find."""
    assert not NOTHING.found([b"anything"])
    assert not NOTHING.names
