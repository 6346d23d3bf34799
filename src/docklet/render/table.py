"""Aligned columns for terminals and pipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.render.inline import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP: Final = "  "


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return `rows` in columns as wide as their widest cell; no cell breaks a line.

    The rows are equally long, and there is at least one.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(_line(row, widths) for row in cells)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return one line, with nothing behind its last cell."""
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return _GAP.join(padded).rstrip()
