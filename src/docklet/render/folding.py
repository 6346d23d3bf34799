"""Lists that stay short, and sections that open on a click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")

MOST_ITEMS: Final = 10
"""Entries of a list; the rest is counted."""


def folded(title: str, body: str, *, unfolded: bool = False) -> str:
    """Return a section that opens on a click; the blank lines let Markdown through."""
    opening = "<details open>" if unfolded else "<details>"
    return f"{opening}\n<summary>{title}</summary>\n\n{body}\n\n</details>"


def listed(entries: Iterable[str]) -> str:
    """Return a list."""
    return "\n".join(f"- {entry}" for entry in entries)


def few(
    entries: Sequence[T], shown: Callable[[T], str], *, most: int = MOST_ITEMS, more: int = 0
) -> list[str]:
    """Return the first entries as they are `shown`, then how many more there are.

    Those that nobody could list are `more`.
    """
    more += max(0, len(entries) - most)
    told = [shown(entry) for entry in entries[:most]]
    return [*told, f"and {more} more"] if more > 0 else told
