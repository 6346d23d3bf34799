"""What is said of a run that ended without its own process: no more than is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.cost import cost_of
from docklet.domain.outcome import Outcome, Published, Reason
from docklet.domain.state import State
from docklet.domain.triage import Workflow

if TYPE_CHECKING:
    from decimal import Decimal

    from docklet.domain.identity import RunKey
    from docklet.domain.triage import Case

_CANCELLED: Final = "Its workflow run was cancelled, so its droplet was deleted."
_STOPPED: Final = (
    "Its job was cancelled, or its runner was lost, before the script had ended. The droplet was"
    " deleted."
)
_MUTE: Final = (
    "Its job was cancelled, or its runner was lost. The droplet did not answer when it was asked"
    " whether the script had ended, and was deleted with whatever was there."
)
_ENDED: Final = (
    "Its workflow run was cancelled, so what it had begun on the droplet was removed from there."
)
_UNBEGUN: Final = "That was before the script began, so nothing was run. Run it again."
_OVERDUE: Final = (
    "Its droplet was deleted at its deadline, with whatever the script had left there. If its"
    " results were pushed before, the commit with the line `Docklet-Run: {run}` has them."
)
_FORGOTTEN: Final = (
    "Nothing that was rented for it is left, and nobody knows how the script ended. If its results"
    " were pushed before, the commit with the line `Docklet-Run: {run}` has them."
)
_PUSHED: Final = (
    "The process that looked after the run was lost at its very end: the results had been pushed,"
    " and nothing that was rented for it is left."
)


def lost(case: Case, price_hourly: Decimal) -> Outcome:
    """Return how a run ended whose droplet was deleted without its results."""
    if case.record is not None and case.record.plan.existing is not None:
        return _ended_there(case)
    if case.state is State.EXPIRED:
        reason, message = Reason.RUNNER_LOST, _OVERDUE.format(run=case.identity.key)
    elif case.workflow is Workflow.CANCELLED:
        reason, message = Reason.CANCELLED, _CANCELLED
    else:
        reason, message = Reason.RUNNER_LOST, _UNBEGUN
    return _outcome(reason, message, case, price_hourly)


def _ended_there(case: Case) -> Outcome:
    """Return how a run ended that was removed from a machine which stays."""
    cancelled = case.workflow is Workflow.CANCELLED
    reason = Reason.CANCELLED if cancelled else Reason.RUNNER_LOST
    message, seconds = _ENDED if cancelled else _UNBEGUN, case.age
    return Outcome(reason=reason, message=message, seconds=seconds)


def stopped(case: Case, price_hourly: Decimal) -> Outcome:
    """Return how a run ended whose job's last step deleted the droplet."""
    message = _MUTE if case.look is None else _STOPPED
    return _outcome(Reason.CANCELLED, message, case, price_hourly)


def forgotten(run: RunKey, published: Published | None) -> Outcome:
    """Return how a run ended of which there is no droplet any more, and perhaps a commit."""
    if published is None:
        return Outcome(reason=Reason.RUNNER_LOST, message=_FORGOTTEN.format(run=run))
    reason = Reason.DONE if published.as_asked else Reason.RUNNER_LOST
    return Outcome(reason=reason, message=_PUSHED, published=published)


def _outcome(reason: Reason, message: str, case: Case, price_hourly: Decimal) -> Outcome:
    """Return an outcome with the droplet's time and price."""
    began = case.now - case.age if case.record is None else case.record.started
    return Outcome(
        reason=reason,
        message=message,
        seconds=case.now - began,
        cost=cost_of(case.age, price_hourly),
    )
