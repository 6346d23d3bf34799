"""The pictures in the README show what comments look like now."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tools.picture_states import texts
from tools.pictures import FOLDER, LARGEST

README = Path(__file__).parents[2] / "README.md"
TEXTS = texts()


@pytest.mark.parametrize("name", TEXTS)
def test_pictures_are_current(name: str) -> None:
    """`make pictures` has been run since comments changed: the text beside each is today's."""
    assert (FOLDER / f"{name}.md").read_text(encoding="utf-8") == TEXTS[name]


@pytest.mark.parametrize("name", TEXTS)
def test_pictures_are_small_and_shown(name: str) -> None:
    """Each one is a picture, small enough for a README, and the README shows it."""
    picture = (FOLDER / f"{name}.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) <= LARGEST
    width, height = struct.unpack(">II", picture[16:24])
    assert width > 1000
    assert height > 800
    assert f"](.github/pictures/{name}.png)" in README.read_text(encoding="utf-8")
