"""The text of a configuration file as a tree that remembers where everything stands.

Scalars are text: what a word means is said by whoever reads it, and never guessed by its looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value."""

    text: str
    """As it was written, without quotes; nothing is turned into a number, a date or a truth."""
    line: int
    """Line that it begins on, counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """Several values, one after the other."""

    items: tuple[Node, ...]
    """In the order of the file."""
    line: int
    """Line that it begins on, counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Values by name."""

    entries: tuple[tuple[Scalar, Node], ...]
    """Name and value, in the order of the file; no name comes twice."""
    line: int
    """Line that it begins on, counted from 1."""


Node: TypeAlias = Scalar | Sequence | Table
