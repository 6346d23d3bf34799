"""What goes wrong with requests: faults, each waiting in a queue for the one that it strikes.

Faults are matched in the order in which they were queued, so that a test reads like a story.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from docklet_sandbox.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet_sandbox.schedule import Schedule

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
    """A 200 whose body is not what was asked for; `flavour` says in which way."""
    TRUNCATED = "truncated"
    """An answer that promises more bytes than come; after the effect it is the true one."""
    BLACK_HOLE = "black_hole"
    """The connection stays open and silent until the client gives up."""


class Flavour(StrEnum):
    """What garbage is made of."""

    HTML = "html"
    """The error page of a proxy in between."""
    TEXT = "text"
    """A bare sentence of a load balancer."""
    EMPTY = "empty"
    """No byte at all."""
    NULL = "null"
    """JSON that says nothing."""
    LIST = "list"
    """JSON of another type."""
    HALF = "half"
    """JSON that ends in the middle, with a length that fits."""
    BINARY = "binary"
    """Bytes that are no text."""
    GZIP = "gzip"
    """Plain text that claims to be compressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, and the requests it strikes."""

    kind: FaultKind
    service: str = "*"
    """`cloud`, `forge` or `registry`; a pattern, as are method and route."""
    method: str = "*"
    route: str = "*"
    """Matched against the route (`/v2/droplets/{droplet_id}`) and against the path sent."""
    commit: bool = False
    """Strike after the request took effect instead of before."""
    status: int = 500
    body: Any = None
    """A string is sent as it is, other things as JSON; None is what the service itself says."""
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: int | None = None
    """Seconds for a `retry-after` header; None leaves it out."""
    flavour: Flavour = Flavour.HTML
    """Of garbage."""
    cut: int | None = None
    """How many bytes of a truncated body come; None is half of them."""
    latency: float = 0.0
    """Seconds to wait where the fault strikes."""
    skip: int = 0
    """How many matching requests pass unharmed first."""
    count: int = 1
    """How many matching requests are struck."""

    @property
    def word(self) -> str:
        """The short name, by which it can be asked for: `503`, `commit_then_drop`."""
        kind = str(self.status) if self.kind is FaultKind.ANSWER else self.kind
        return f"{_COMMIT}{kind}" if self.commit else kind

    def matches(self, service: str, method: str, *places: str) -> bool:
        """Say whether a request with this method, at one of these places, is meant."""
        return (
            fnmatchcase(service, self.service)
            and fnmatchcase(method, self.method.upper())
            and any(fnmatchcase(place, self.route) for place in places)
        )


class Faults:
    """What strikes requests of all services: a queue first, then a schedule, if there is one."""

    def __init__(self) -> None:
        """Start with nothing queued: all goes well."""
        self._queue = Waiting[Fault]()
        self.schedule: Schedule | None = None

    def add(self, fault: Fault) -> None:
        """Queue a fault behind those that are there."""
        self._queue.add(fault)

    def take(self, service: str, method: str, route: str, path: str = "") -> Fault | None:
        """Return the fault that strikes this request, if any, and use it up once."""
        planned = self.schedule.fault(service, method, route) if self.schedule else None
        queued = self._queue.take(lambda fault: fault.matches(service, method, route, path))
        return queued or planned

    def clear(self) -> None:
        """Forget every fault that did not strike yet, and the schedule."""
        self._queue.clear()
        self.schedule = None

    def pending(self) -> list[Fault]:
        """Return the queued faults that still wait for their request."""
        return self._queue.pending()


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
    if "flavour" in fields:
        fields["flavour"] = Flavour(fields["flavour"])
    return Fault(kind=FaultKind(word), **fields)
