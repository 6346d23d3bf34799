"""What goes wrong by seed: a story that follows from a number, and from nothing else.

Each decision depends on the seed, on where something happens (the route of a request, say) and
on how often it happened there before. Requests that overtake each other on different routes, and
time, change nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from docklet_sandbox.cloud.fate import Fate, parse_fate
from docklet_sandbox.faults import Fault, parse_fault
from docklet_sandbox.wire import Wire, parse_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

T = TypeVar("T")
_RANGE = 2**64
_FAULTS = (
    {"kind": "503", "weight": 3},
    {"kind": "429", "retry_after": 1},
    {"kind": "drop"},
    {"kind": "commit_then_drop"},
    {"kind": "commit_then_500"},
    {"kind": "garbage", "service": "cloud"},
    {"kind": "garbage", "route": "/api/*"},
    {"kind": "commit_then_truncated"},
    {"kind": "delay", "latency": 0.2, "weight": 2},
)
"""What strikes requests when nothing was chosen: all that a network of the real world does.

No garbage for git, which then asks for files as servers had them twenty years ago.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance(Generic[T]):
    """Something that may happen, as often as its weight says beside the others."""

    what: T
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One thing that the schedule let happen."""

    place: str
    number: int
    """The how-manieth of its place it struck, from 1."""
    what: str

    def __str__(self) -> str:
        """Return a line of the story."""
        return f"{self.place} #{self.number}: {self.what}"


@dataclass(slots=True, kw_only=True)
class Schedule:
    """A seed, what may happen by it, and how far each place has come."""

    seed: int
    rate: float = 0.1
    """The share of requests (droplets, connections) that something happens to."""
    in_a_row: int = 2
    """How often something may happen in one place until it has to go well once."""
    faults: Sequence[Chance[Fault]] = ()
    """For requests."""
    fates: Sequence[Chance[Fate]] = ()
    """For new droplets."""
    wires: Sequence[Chance[Wire]] = ()
    """For connections through a byte proxy."""
    _seen: Counter[str] = field(default_factory=Counter)
    _strokes: list[Stroke] = field(default_factory=list)

    def fault(self, service: str, method: str, route: str) -> Fault | None:
        """Return what strikes the next request on a route."""
        meant = [c for c in self.faults if c.what.matches(service, method, route)]
        return self._next(f"{service} {method} {route}", meant, lambda fault: fault.word)

    def fate(self) -> Fate | None:
        """Return what becomes of the next droplet."""
        return self._next("droplet", self.fates, lambda fate: str(fate.kind))

    def wire(self, place: str) -> Wire | None:
        """Return what the next connection through a proxy is like."""
        return self._next(f"connection {place}", self.wires, str)

    def decide(self, place: str, number: int, chances: Sequence[Chance[T]]) -> T | None:
        """Return what happens to the `number`-th (from 1) of a place; a pure function."""
        if not chances or not self._strikes(place, number):
            return None
        bounds = list(accumulate(chance.weight for chance in chances))
        mark = self._share("which", place, number) * bounds[-1]
        return next(c.what for c, bound in zip(chances, bounds, strict=True) if mark < bound)

    def story(self) -> list[str]:
        """Return what happened so far: place by place, so that no race shows in it."""
        return [str(s) for s in sorted(self._strokes, key=lambda s: (s.place, s.number))]

    def _next(
        self, place: str, chances: Sequence[Chance[T]], name: Callable[[T], str]
    ) -> T | None:
        self._seen[place] += 1
        number = self._seen[place]
        what = self.decide(place, number, chances)
        if what is not None:
            self._strokes.append(Stroke(place=place, number=number, what=name(what)))
        return what

    def _strikes(self, place: str, number: int) -> bool:
        """Say whether anything happens: as the rate has it, but with a pause in long rows."""
        row = 0
        while row < number and self._share("whether", place, number - row) < self.rate:
            row += 1
        return row % (self.in_a_row + 1) != 0

    def _share(self, question: str, place: str, number: int) -> float:
        """Return a number in [0, 1) that looks random."""
        text = f"{self.seed}\n{question}\n{place}\n{number}"
        return int.from_bytes(sha256(text.encode()).digest()[:8]) / _RANGE


def parse_schedule(raw: Mapping[str, Any]) -> Schedule:
    """Read a schedule from JSON, in which every fault, fate and wire may have a `weight`.

    Raises ValueError or TypeError for what does not exist or makes no sense.
    """
    fields = dict(raw)
    quiet = "fates" in fields or "wires" in fields
    faults = _chances(fields.pop("faults", () if quiet else _FAULTS), parse_fault)
    fates = _chances(fields.pop("fates", ()), parse_fate)
    wires = _chances(fields.pop("wires", ()), parse_wire)
    schedule = Schedule(
        **{name: fields.pop(name) for name in ("seed", "rate", "in_a_row") if name in fields},
        faults=faults,
        fates=fates,
        wires=wires,
    )
    if fields or not 0 <= schedule.rate <= 1 or schedule.in_a_row < 1:
        message = f"A schedule has a rate from 0 to 1, at least one in a row, and no {[*fields]}."
        raise ValueError(message)
    return schedule


def _chances(raw: Iterable[Mapping[str, Any]], parse: Callable[[Any], T]) -> list[Chance[T]]:
    found = []
    for one in raw:
        fields = dict(one)
        weight = float(fields.pop("weight", 1.0))
        if weight <= 0 or {"skip", "count"} & fields.keys():
            message = f"The seed decides when {one} happens; all it takes is a weight above 0."
            raise ValueError(message)
        found.append(Chance(what=parse(fields), weight=weight))
    return found
