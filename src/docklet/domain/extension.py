"""More time for a script that runs: how much it gets, and what it may cost then.

The droplet's deadline says it, in a tag, and nothing else does: whoever looks after the run, or
after its droplet, asks the cloud. What the droplet says of its time is never believed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from docklet.domain.cost import dollars
from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.fields import LONGEST_TIMEOUT

if TYPE_CHECKING:
    from decimal import Decimal

    from docklet.domain.plan import Plan

_ALL: Final = (
    "No script may take more than 5h30m, and this one has all of that already, so nothing was"
    " changed."
)
_TOO_DEAR: Final = (
    "With so much more time this run could cost {cost} in all, which is more than {most}, so"
    " nothing was changed. Ask for less, or start the job on a smaller size."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """The time that a script has from now on."""

    limit: int
    """Seconds that it may take, from its start."""
    deadline: int
    """Epoch second after which anybody may delete its droplet."""
    superseded: int | None
    """The deadline of an extension before this one; None for the first."""


def extended(plan: Plan, deadline: int, seconds: int) -> Extension:
    """Return what `seconds` more make of a run whose droplet has this deadline.

    Raises `InvalidInputs` when the script has all the time that one may have.
    """
    first = plan.identity.deadline
    more = min(deadline - first + seconds, LONGEST_TIMEOUT - plan.spec.timeout)
    if first + more <= deadline:
        raise InvalidInputs((Problem(name="timeout", message=_ALL),))
    return Extension(
        limit=plan.spec.timeout + more,
        deadline=first + more,
        superseded=deadline if deadline > first else None,
    )


def check_cost(worst: Decimal, *bounds: Decimal | None) -> None:
    """Raise `InvalidInputs` when a whole run could cost more than one of its bounds."""
    most = min((bound for bound in bounds if bound is not None), default=None)
    if most is not None and worst > most:
        message = _TOO_DEAR.format(cost=dollars(worst), most=dollars(most))
        raise InvalidInputs((Problem(name="max-cost", message=message),))


def tags_of_limit(plan: Plan, limit: int) -> frozenset[str]:
    """Return the tag that came with an extension to `limit` seconds; none if there can't be one.

    The droplet says the limit, so nothing may come of it but a tag of the run's own.
    """
    more = limit - plan.spec.timeout
    if not 0 < more <= LONGEST_TIMEOUT:
        return frozenset()
    return frozenset({replace(plan.identity, deadline=plan.identity.deadline + more).tag})
