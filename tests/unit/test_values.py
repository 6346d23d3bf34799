"""Numbers are read only as far as anybody needs them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from docklet.domain import values


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (values.duration, "9" * 10_000),
        (values.duration, "9" * 10 + "h"),
        (values.duration, "1h" + " " * 100 + "30m"),
        (values.duration, "1h" + " " * 60_000 + "x"),
        (values.count, "9" * 10_000),
        (values.count, "\u0663"),
        (values.money, "9" * 10_000),
        (values.money, "1e999999"),
        (values.money, "1e-999999"),
        (values.money, "Infinity"),
        (values.money, "1_000"),
        (values.money, "0.00"),
        (values.money, "."),
        (values.money, "-1"),
    ],
)
def test_numbers_beyond_all_need(read: Callable[[str], object], text: str) -> None:
    """A number that no run can have is refused in our own words, before Python works on it."""
    with pytest.raises(ValueError, match=r"is not an? "):
        read(text)
