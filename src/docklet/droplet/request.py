"""A request: one line of JSON, then whatever payload the verb takes.

It may hold secrets, so it has no repr that shows them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, Mapping, TypeVar

from docklet.droplet.failure import Failure

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class Request:
    """The fields of a request, checked when they are asked for."""

    fields: Mapping[str, object]
    payload: IO[bytes]
    """What follows the line."""

    def text(self, name: str, default: str | None = None) -> str:
        """Return a string; null counts as absent."""
        return self._typed(name, str, default)

    def whole(self, name: str, default: int | None = None) -> int:
        """Return a whole number."""
        return self._typed(name, int, default)

    def seconds(self, name: str, default: float | None = None) -> float:
        """Return a number of seconds."""
        value = self.fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        return self._typed(name, float, default)

    def flag(self, name: str) -> bool:
        """Return a boolean that is false when absent."""
        return self._typed(name, bool, default=False)

    def texts(self, name: str) -> list[str]:
        """Return a list of strings that is empty when absent."""
        values = self._typed(name, list, [])
        if not all(isinstance(value, str) for value in values):
            raise _wrong(name)
        return list(values)

    def mapping(self, name: str) -> Mapping[str, object]:
        """Return an object that is empty when absent."""
        return self._typed(name, dict, {})

    def _typed(self, name: str, kind: type[T], default: T | None) -> T:
        value = self.fields.get(name)
        if value is None:
            value = default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _wrong(name)
        return value


def read_request(stream: IO[bytes]) -> Request:
    """Read the request's line and leave the stream at its payload."""
    line = stream.readline()
    try:
        fields = json.loads(line) if line.strip() else {}
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise Failure("request", "The request is not one line with a JSON object.")
    return Request(fields, stream)


def _wrong(name: str) -> Failure:
    return Failure("request", f"The request's field {name} is missing or has another type.")
