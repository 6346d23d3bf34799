"""A bad day, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeVar

from docklet.domain.errors import (
    AmbiguousCreate,
    CloudError,
    ConnectionLost,
    CreateDeferred,
    ForgeError,
    GitError,
    Unreachable,
)
from docklet.ports import Completed, PushAnswer, PushVerdict
from tests.machines import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

CALM: Final = 0.8
"""Chance that a kind of trouble stays away, so that a day has a few kinds at once."""
_PATIENCE: Final = 200.0
"""Seconds of lost connections that a run has to bear."""
_CLOUD: Final = ("droplet", "droplets", "gpu_droplets", "delete", "delete_tag", "add_tag")
_VERBS: Final = ("install", "checkout", "pull", "start", "ending", "collect", "clean")
_FORGE: Final = ("create_comment", "edit_comment", "set_status", "open_pull_request")
_GIT: Final = ("fetch", "import_results", "effective", "upload", "commit", "push", "remote_head")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Calls that fail."""

    name: str
    """The port's method, or the agent's verb."""
    error: Exception | Completed
    """What is raised, or what the agent answers instead."""
    times: int = 1
    commit: bool = False
    """Whether they take effect first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Everything that a day brings; times are seconds from its start."""

    seed: int
    boot: float
    list_lag: float
    read_lag: float
    pending: float
    deaf: int
    """Deletions that are accepted and forgotten."""
    cloud: tuple[Failure, ...]
    cloud_slow: Mapping[str, float]
    late_order: bool
    """Whether a create request that was under way when its process died still arrives."""
    vanish_at: float | None
    """When somebody else deletes the droplet."""
    agent: tuple[Failure, ...]
    agent_slow: Mapping[str, float]
    stranger: bool
    """Whether somebody else's machine answers."""
    lasts: float
    exit_code: int
    cuts: tuple[int, ...]
    silences: tuple[tuple[float, float], ...]
    abandoned: bool
    """Whether the supervisor dies without an ending."""
    forge: tuple[Failure, ...]
    uncomment_at: float | None
    """When somebody deletes the comment."""
    issue: int | None
    """The pull request that the run is reported in; None for the commit."""
    lock_at: float | None
    """When somebody locks its conversation."""
    lost_comments: int
    """Comments that are made although the forge never says so."""
    git: tuple[Failure, ...]
    pushes: tuple[PushAnswer, ...]
    lost_pushes: int
    rival: str
    """What somebody else does to the branch meanwhile: nothing, `other`, `same` or `delete`."""
    rival_at: float
    stops: tuple[float, ...]
    """When the run is asked to stop."""
    kill_at: float | None
    """When its process is killed."""
    post_step: bool
    """Whether a post step follows a kill."""
    push: str
    keep: str

    @property
    def quiet_machine(self) -> bool:
        """Whether the droplet stays, answers, and does what it is told."""
        waits = [end - begin for begin, end in self.silences]
        waits += [each.times * (1 + self.agent_slow.get(each.name, 0)) for each in self.agent]
        refused = any(isinstance(each.error, Completed) for each in self.agent)
        odd = refused or self.stranger or self.abandoned or self.vanish_at is not None
        return not odd and sum(waits) < _PATIENCE

    @property
    def is_smooth(self) -> bool:
        """Whether the droplet can be deleted at once, and is neither slow nor silent."""
        slow = self.agent_slow or self.silences or self.agent or self.stranger
        return not (self.pending or slow)


def draw(seed: int) -> Schedule:
    """Return the schedule of a seed."""
    chance = Random(seed)  # noqa: S311 - a story, not a secret
    return Schedule(
        seed=seed,
        **_cloud(chance),
        **_machine(chance),
        **_forge(chance),
        **_people(chance),
        **_talk(Random(f"talk {seed}")),  # noqa: S311 - drawn apart: older seeds tell as before
    )


def _cloud(chance: Random) -> dict[str, Any]:
    """Draw what the cloud does."""
    return {
        "boot": chance.choice([0.0, 1.0, 25.0, 40.0, 70.0, 200.0]),
        "list_lag": _some(chance, [0.0, 3.0, 20.0, 45.0]),
        "read_lag": _some(chance, [0.0, 5.0, 50.0]),
        "pending": _some(chance, [0.0, 10.0, 60.0]),
        "deaf": _some(chance, [0, 1, 3]),
        "cloud": (*_creates(chance), *_failures(chance, _CLOUD, CloudError("The cloud is down."))),
        "cloud_slow": {
            name: chance.uniform(0.1, 45.0)
            for name in ("create", "delete", "droplet", "droplets")
            if chance.random() > CALM + 0.1
        },
        "late_order": chance.random() < 0.5,
        "vanish_at": chance.uniform(1.0, 400.0) if chance.random() > 0.97 else None,
    }


def _machine(chance: Random) -> dict[str, Any]:
    """Draw what the droplet does."""
    broken = [Unreachable("No route to host."), ConnectionLost("The connection broke.")]
    failures = _failures(chance, _VERBS, *broken)
    if chance.random() > 0.95:
        refused = refusal(chance.choice(["disk-full", "pull-failed"]), "It did not work.")
        failures = (*failures, Failure(name=chance.choice(_VERBS[1:6]), error=refused))
    return {
        "agent": failures,
        "agent_slow": {
            verb: chance.uniform(0.5, 90.0)
            for verb in ("install", "checkout", "pull", "start", "collect")
            if chance.random() > CALM
        },
        "stranger": chance.random() > 0.98,
        "lasts": chance.choice([0.5, 10.0, 120.0, 900.0]),
        "exit_code": _some(chance, [0, 1, 3, 137]),
        "cuts": tuple(chance.randrange(1, 90) for _ in range(_some(chance, [0, 1, 3]))),
        "silences": _silences(chance),
        "abandoned": chance.random() > 0.97,
    }


def _forge(chance: Random) -> dict[str, Any]:
    """Draw what the forge does."""
    verdicts = [verdict for verdict in PushVerdict if verdict is not PushVerdict.ACCEPTED]
    return {
        "forge": _failures(chance, _FORGE, ForgeError("The forge is down.")),
        "uncomment_at": chance.uniform(0.0, 300.0) if chance.random() > 0.95 else None,
        "git": _failures(chance, _GIT, GitError("git could not.")),
        "pushes": tuple(
            PushAnswer(verdict=chance.choice(verdicts), detail="no")
            for _ in range(_some(chance, [0, 1, 2, 7, 20]))
        ),
        "lost_pushes": _some(chance, [0, 1, 2]),
        "rival": _some(chance, ["", "other", "same", "delete"]),
        "rival_at": chance.uniform(0.0, 300.0),
    }


def _talk(chance: Random) -> dict[str, Any]:
    """Draw where the run is reported, and what becomes of the conversation there."""
    issue, lock_at = chance.choice([None, 7]), chance.choice([0.0, chance.uniform(0.0, 300.0)])
    locked = issue is not None and chance.random() > CALM
    return {
        "issue": issue,
        "lock_at": lock_at if locked else None,
        "lost_comments": _some(chance, [0, 1, 2]),
    }


def _people(chance: Random) -> dict[str, Any]:
    """Draw what those who asked for the run want, and what happens to its process."""
    stopped, killed = chance.random() > CALM, chance.random() > CALM
    first = chance.expovariate(1 / 100)
    return {
        "stops": (first, first + 7.5) if stopped else (),
        "kill_at": (first + 10.0 if stopped else first) if killed else None,
        "post_step": chance.random() < 0.5,
        "push": chance.choice(["branch", "branch", "branch", "pull-request", "none"]),
        "keep": _some(chance, ["never", "on-failure", "always"]),
    }


def _creates(chance: Random) -> tuple[Failure, ...]:
    """Draw what the create requests meet."""
    errors = [
        AmbiguousCreate("The answer was lost."),
        CreateDeferred("Too many requests.", retry_after=chance.choice([0.0, 20.0])),
        CloudError("No."),
    ]
    if chance.random() < CALM:
        return ()
    return tuple(
        Failure(
            name="create",
            error=error,
            commit=isinstance(error, AmbiguousCreate) and chance.random() < 0.5,
        )
        for error in chance.choices(errors, k=chance.randrange(1, 4))
    )


def _failures(chance: Random, names: tuple[str, ...], *errors: Exception) -> tuple[Failure, ...]:
    """Draw calls that fail."""
    if chance.random() < CALM:
        return ()
    return tuple(
        Failure(
            name=chance.choice(names),
            error=chance.choice(errors),
            times=chance.choice([1, 1, 2, 6]),
            commit=chance.random() < 0.5,
        )
        for _ in range(chance.randrange(1, 4))
    )


def _silences(chance: Random) -> tuple[tuple[float, float], ...]:
    """Draw times at which nothing gets through to the droplet."""
    begins = sorted(chance.uniform(5.0, 400.0) for _ in range(_some(chance, [0, 1, 2])))
    return tuple((begin, begin + chance.choice([5.0, 60.0, 150.0, 2000.0])) for begin in begins)


def _some(chance: Random, options: list[T]) -> T:
    """Choose the first option on most days."""
    return options[0] if chance.random() < CALM else chance.choice(options)
