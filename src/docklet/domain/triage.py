"""What becomes of a droplet of ours that its run may have left behind: one table of decisions.

On doubt a droplet is left alone until its deadline, and never any longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from docklet.domain.state import State, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.domain.identity import Identity
    from docklet.domain.record import RunRecord

ABANDONED: Final = 6
"""Times the age of a stale lease after which a script that never began will not begin any more.

That is longer than a live runner waits for an address and for SSH.
"""


FORGOTTEN: Final = 24 * 3600
"""Seconds behind its deadline for which a run on a machine that stays is taken up.

Whoever has that machine may keep a copy of a run's record: it is not to be good for ever.
"""


class Workflow(StrEnum):
    """How the workflow run that asked for a run is going."""

    GOING = "going"
    CANCELLED = "cancelled"
    OVER = "over"
    UNKNOWN = "unknown"
    """There is none, or the token may not see it."""


class Action(StrEnum):
    """What is done."""

    LEAVE = "leave"
    DELETE = "delete"
    TAKE_UP = "take up"
    """Collect, publish and report what the script left, then delete."""
    WAKE = "wake"
    """Switch it on, look what the script has left, and do what fits then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the droplet says of the run on it; it may be lying."""

    lease: float | None
    """Age in seconds of the latest sign of life; None when there never was one."""
    started: bool
    """Whether the script was started."""
    ended: bool
    """Whether it has ended."""
    record: Mapping[str, object]
    """What the process that began the run left for others, sealed; empty when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that is known of one droplet of ours."""

    identity: Identity
    status: str
    """The cloud's word."""
    age: float
    """Seconds since it was made."""
    now: float
    ours: bool
    """Whether we hold a token of the repository."""
    look: Look | None = None
    """What the droplet says; None while nobody could ask."""
    record: RunRecord | None = None
    """The run's record, if there is one and its seal is right."""
    workflow: Workflow = Workflow.UNKNOWN
    trouble: str = ""
    """Why there is no look, or no record."""
    stale_after: float
    """Seconds without a sign of life after which a run counts as left."""

    @property
    def state(self) -> State:
        """What the droplet is there for."""
        return state_of(self.status, self.identity, self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is done, and why."""

    action: Action
    why: str
    """The end of a sentence that begins with the droplet."""


def worth_a_look(case: Case) -> bool:
    """Tell whether what the droplet says could change anything."""
    kept = case.identity.kept_until is not None
    return case.ours and not kept and case.status == "active"


def decide(case: Case) -> Decision:
    """Return what becomes of a droplet."""
    if case.state is State.EXPIRED:
        return _expired(case)
    if case.state is State.KEPT:
        return _leave("is kept on purpose")
    if not case.ours:
        return _leave("belongs to another repository, whose token is needed to finish its run")
    if case.status == "off" and case.age >= case.stale_after * ABANDONED:
        return _OFF
    if case.look is None:
        return _leave(f"can't be asked ({case.trouble or case.status})")
    return _by_lease(case, case.look)


def decide_guest(case: Case) -> Decision:
    """Return what becomes of a run on a machine that was there before it, and that stays."""
    if case.look is None or case.record is None:
        return _leave(f"can't be asked ({case.trouble})")
    if is_forgotten(case):
        return _leave("is over for too long, so what it left stays where it is")
    return _by_lease(case, case.look)


def is_forgotten(case: Case) -> bool:
    """Tell whether a run was to end so long ago that nobody takes it up any more."""
    return case.now > case.identity.deadline + FORGOTTEN


def _expired(case: Case) -> Decision:
    """Decide on a droplet that must go: finished results are saved first."""
    finished = case.look is not None and case.look.ended and case.record is not None
    if finished and case.identity.kept_until is None:
        return Decision(action=Action.TAKE_UP, why="is past its deadline and has results")
    return Decision(action=Action.DELETE, why="is past its time")


def _by_lease(case: Case, look: Look) -> Decision:
    """Decide on a droplet that has time left: by its signs of life first, then by its script."""
    silent = case.age if look.lease is None else look.lease
    left = look.lease is not None and case.workflow is Workflow.OVER
    rows = (
        (silent < case.stale_after, _leave("is in the hands of a run that goes on")),
        (case.workflow is Workflow.GOING, _leave("belongs to a workflow run that goes on")),
        (look.started and case.record is None, _leave(f"can't be taken up: {case.trouble}")),
        (look.started and look.ended, _FINISHED),
        (case.workflow is Workflow.CANCELLED, _CANCELLED),
        (look.started, _leave("lost its runner; its script goes on and is taken up later")),
        (left or silent >= case.stale_after * ABANDONED, _UNBEGUN),
    )
    fitting = (decision for fits, decision in rows if fits)
    return next(fitting, _leave("is young; its run may still be on its way"))


def _leave(why: str) -> Decision:
    """Leave a droplet alone."""
    return Decision(action=Action.LEAVE, why=why)


_OFF: Final = Decision(action=Action.WAKE, why="was switched off, and may have results")
_FINISHED: Final = Decision(
    action=Action.TAKE_UP, why="has finished, and nobody came for its results"
)
_CANCELLED: Final = Decision(
    action=Action.DELETE, why="belongs to a workflow run that was cancelled"
)
_UNBEGUN: Final = Decision(action=Action.DELETE, why="was left before its script began")
