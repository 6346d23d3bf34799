"""What shall go wrong, and when: a queue of faults, each waiting for the request it strikes.

Faults are matched in the order in which they were queued, so that a test reads like a story.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMMIT = "commit_then_"
_STATUS_DIGITS = 3


class FaultKind(StrEnum):
    """The ways in which an exchange over HTTP can go wrong."""

    ANSWER = "answer"
    """Another answer than the true one: `status`, `body`, `headers`."""
    DELAY = "delay"
    """The true answer, `latency` seconds late."""
    DROP = "drop"
    """The connection is closed without an answer."""
    GARBAGE = "garbage"
    """A 200 whose body is no JSON, as a proxy in between would send it."""
    BLACK_HOLE = "black_hole"
    """The connection stays open and silent until the client gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, and the requests it strikes."""

    kind: FaultKind
    service: str = "*"
    """`cloud` or `forge`; a pattern, as are method and route."""
    method: str = "*"
    route: str = "*"
    """Matched against the route (`/v2/droplets/{droplet_id}`) and against the path sent."""
    commit: bool = False
    """Strike after the request took effect instead of before."""
    status: int = 500
    body: Any = None
    """A string is sent as it is, anything else as JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)
    latency: float = 0.0
    """Seconds to wait where the fault strikes."""
    skip: int = 0
    """How many matching requests pass unharmed first."""
    count: int = 1
    """How many matching requests are struck."""

    def matches(self, service: str, method: str, *places: str) -> bool:
        """Say whether a request with this method, at one of these places, is meant."""
        return (
            fnmatchcase(service, self.service)
            and fnmatchcase(method, self.method.upper())
            and any(fnmatchcase(place, self.route) for place in places)
        )


class Faults:
    """The queue of faults that both services take from."""

    def __init__(self) -> None:
        """Start with nothing queued: all goes well."""
        self._queue: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Queue a fault behind those that are there."""
        self._queue.append(fault)

    def take(self, service: str, method: str, route: str, path: str = "") -> Fault | None:
        """Return the fault that strikes this request, if any, and use it up once."""
        for index, fault in enumerate(self._queue):
            if not fault.matches(service, method, route, path):
                continue
            if fault.skip:
                self._queue[index] = replace(fault, skip=fault.skip - 1)
                continue
            self._use(index, fault)
            return fault
        return None

    def clear(self) -> None:
        """Forget every fault that did not strike yet."""
        self._queue.clear()

    def pending(self) -> list[Fault]:
        """Return the faults that still wait for their request."""
        return list(self._queue)

    def _use(self, index: int, fault: Fault) -> None:
        if fault.count > 1:
            self._queue[index] = replace(fault, count=fault.count - 1)
        else:
            del self._queue[index]


def parse_fault(raw: Mapping[str, Any]) -> Fault:
    """Read a fault from JSON; `503` and `commit_then_drop` are short for an answer and a drop.

    Raises ValueError for a kind that does not exist and TypeError for an unknown field.
    """
    fields = dict(raw)
    word = str(fields.pop("kind"))
    if word.startswith(_COMMIT):
        fields["commit"] = True
        word = word.removeprefix(_COMMIT)
    if len(word) == _STATUS_DIGITS and word.isdigit():
        fields["status"] = int(word)
        word = FaultKind.ANSWER
    return Fault(kind=FaultKind(word), **fields)
