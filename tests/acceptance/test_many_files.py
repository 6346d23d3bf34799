"""Very many results come home, from the droplet's tree to the forge, to the last byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.many_files import measure

if TYPE_CHECKING:
    from pathlib import Path

MANY = 40_000
"""`make bench` lets a million through."""


def test_many_files(tmp_path: Path) -> None:
    """What is pushed is what a plain `git add` of the same tree makes of it."""
    assert measure(tmp_path, MANY).is_exact
