"""A value that must not be seen: it prints as stars and is unwrapped in adapters only."""

from __future__ import annotations

from typing import Final

SHORTEST_MASKED: Final = 4
"""Values shorter than this are not masked: masking `1` would blank out half a log."""


class Secret:
    """Hold a string that no log, traceback or comment may show."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Wrap `value`."""
        self._value = value

    def reveal(self) -> str:
        """Return the value; only adapters call this."""
        return self._value

    def __repr__(self) -> str:
        """Show stars."""
        return "***"

    __str__ = __repr__

    def __bool__(self) -> bool:
        """Tell whether there is a value at all."""
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """Compare by value."""
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        """Hash by value."""
        return hash(self._value)
