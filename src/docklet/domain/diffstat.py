"""Lines that a commit adds and removes, and how they get into what is told of its files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.domain.outcome import Published


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A count of lines."""

    added: int
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diffstat:
    """A commit's lines, against its parent."""

    total: Lines
    """Of all files."""
    files: Mapping[str, Lines]
    """By path, for those files that have any: binary ones are missing, and perhaps others."""


def with_lines(published: Published, counted: Diffstat) -> Published:
    """Tell the lines of each file, and of all together."""
    files = tuple(
        replace(each, lines=counted.files[each.path])
        if each.path in counted.files and not each.is_pointer
        else each
        for each in published.files
    )
    return replace(published, files=files, lines=counted.total)
