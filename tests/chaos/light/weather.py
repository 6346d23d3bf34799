"""What the light sandbox adds to a bad day: troubles of HTTP, of SSH, of droplets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any, Final

from docklet_sandbox.cloud.fate import Fate, FateKind
from docklet_sandbox.faults import Fault, FaultKind, Flavour
from docklet_sandbox.light.script import Failing
from tests.chaos import schedule
from tests.chaos.schedule import CALM

if TYPE_CHECKING:
    from tests.chaos.schedule import Schedule

_CREATE: Final = ("POST", "/v2/droplets")
_DELETE: Final = ("DELETE", "/v2/droplets/{droplet_id}")
_CLOUD: Final = (
    ("GET", "/v2/droplets"),
    ("GET", "/v2/droplets/{droplet_id}"),
    _DELETE,
    _DELETE,
    ("*", "/v2/tags*"),
    ("*", "/v2/firewalls*"),
    ("GET", "/v2/sizes"),
)
_FORGE: Final = (
    ("POST", "*/comments"),
    ("POST", "*/comments"),
    ("PATCH", "*/comments/*"),
    ("GET", "*/comments"),
    ("POST", "*/statuses/*"),
    ("POST", "*/pulls"),
)
_TIMES: Final = (1, 1, 2, 4, 7, 12)
_VERBS: Final = ("checkout", "pull", "start", "ending", "collect", "clean", "hold", "look")
_REFUSALS: Final = ("disk-full", "pull-failed", "clone-failed", "docker")
_PATIENCE: Final = {"cloud": 60.0, "forge": 9.0}
"""Most seconds until a request takes effect; GitHub ends those that take more than ten."""
_TOO_MANY: Final = 429
"""What is said to requests that never took effect."""
_BROKEN: Final = (500, 502, 503, 503, 504, _TOO_MANY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """A day's troubles on the light sandbox; times are seconds from its start."""

    day: Schedule
    """What does not depend on the ground."""
    api_delay: float
    """Seconds that each answer takes."""
    ip_delay: float
    cloud: tuple[Fault, ...]
    forge: tuple[Fault, ...]
    fate: Fate | None
    reboots: tuple[float, ...]
    cuts: tuple[float, ...]
    """When all SSH connections are reset."""
    lost: dict[str, list[bool]]
    refusals: dict[str, list[Failing]]
    stubborn: bool
    more_at: float | None
    """When somebody gives the script another hour."""

    @property
    def is_calm(self) -> bool:
        """Whether neither the cloud nor the droplet makes trouble, or is slow."""
        odd = self.fate or self.reboots or self.cuts or self.lost or self.refusals or self.more_at
        return not (self.cloud or odd) and self.api_delay <= 1 and self.day.is_smooth

    @property
    def quiet_machine(self) -> bool:
        """Whether the droplet stays, answers, and does what it is told."""
        return self.day.quiet_machine and not (self.fate or self.reboots or self.refusals)


def draw(seed: int) -> Weather:
    """Return the weather of a seed."""
    day = schedule.draw(seed)
    chance = Random(f"light {seed}")  # noqa: S311 - a story, not a secret
    return Weather(
        day=replace(day, cloud=(), cloud_slow={}, deaf=0, agent=(), forge=(), cuts=()),
        api_delay=chance.choice([0.1, 0.3, 0.3, 2.0]),
        ip_delay=_seldom(chance, [0.0, 3.0, 40.0]),
        cloud=(*_creates(chance), *_faults(chance, "cloud", _CLOUD, day.deaf)),
        forge=_faults(chance, "forge", _FORGE, 0),
        fate=_fate(chance),
        reboots=(chance.uniform(30.0, 400.0),) if chance.random() > 0.97 else (),
        cuts=tuple(chance.uniform(5.0, 300.0) for _ in range(_seldom(chance, [0, 1, 3]))),
        lost={
            verb: [chance.random() < 0.5] * chance.choice([1, 1, 2])
            for verb in _VERBS
            if chance.random() > 0.95
        },
        refusals=_refusals(chance),
        stubborn=chance.random() > 0.95,
        more_at=_more(seed),
    )


def _more(seed: int) -> float | None:
    """Draw when somebody gives the script more time, beside the draws of all else."""
    chance = Random(f"more {seed}")  # noqa: S311 - a story, not a secret
    return chance.uniform(5.0, 300.0) if chance.random() > 0.9 else None


def _creates(chance: Random) -> tuple[Fault, ...]:
    """Draw what the create requests meet, since nothing else costs as much when it goes wrong."""
    if chance.random() < CALM:
        return ()
    drawn = (_fault(chance, "cloud", *_CREATE) for _ in range(chance.randrange(1, 4)))
    return tuple(replace(each, skip=0, count=1) for each in drawn)


def _faults(
    chance: Random, service: str, places: tuple[tuple[str, str], ...], deaf: int
) -> tuple[Fault, ...]:
    """Draw what happens to requests; `deaf` deletions are accepted and forgotten."""
    drawn = () if chance.random() < CALM else range(chance.randrange(1, 5))
    faults = tuple(_fault(chance, service, *chance.choice(places)) for _ in drawn)
    if not deaf:
        return faults
    (method, route), kind = _DELETE, FaultKind.ANSWER
    lie = Fault(kind=kind, service="cloud", method=method, route=route, status=204, count=deaf)
    return (*faults, replace(lie, body=""))


def _fault(chance: Random, service: str, method: str, route: str) -> Fault:
    """Draw one thing that happens to requests."""
    kind = chance.choice([*FaultKind, FaultKind.ANSWER, FaultKind.DROP])
    after = chance.choice([0.0, 0.0, 1.0, _PATIENCE[service] / 3])
    status = chance.choice(_BROKEN)
    return Fault(
        kind=kind,
        service=service,
        method=method,
        route=route,
        commit=chance.random() < 0.5 and status != _TOO_MANY,
        status=status,
        retry_after=_seldom(chance, [None, 1, 20]),
        flavour=chance.choice(list(Flavour)),
        latency=chance.uniform(1.0, _PATIENCE[service]) if kind is FaultKind.DELAY else after,
        skip=chance.choice([0, 0, 0, 1, 3]),
        count=chance.choice(_TIMES),
    )


def _fate(chance: Random) -> Fate | None:
    """Draw what becomes of the first droplet."""
    if chance.random() < 0.93:
        return None
    after = chance.choice([1.0, 30.0, 90.0, 300.0])
    return Fate(kind=chance.choice(list(FateKind)), after=after, stays=chance.random() < 0.5)


def _refusals(chance: Random) -> dict[str, list[Failing]]:
    """Draw a verb that fails for a reason that the agent knows."""
    if chance.random() < 0.95:
        return {}
    failing = Failing(kind=chance.choice(_REFUSALS), message="It did not work.")
    return {chance.choice(_VERBS[:6]): [failing] * chance.choice([1, 3])}


def _seldom(chance: Random, options: list[Any]) -> Any:  # noqa: ANN401 - one of the options
    """Choose the first option on most days."""
    return options[0] if chance.random() < CALM else chance.choice(options)
