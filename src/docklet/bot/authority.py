"""Find out what a person may do here, at the moment at which they do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from docklet.domain import policy
from docklet.domain.errors import ForgeError
from docklet.domain.policy import Role, Unknown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from docklet.domain.config import Bounds
    from docklet.domain.payload import CommentEvent
    from docklet.domain.policy import Decision, Refused, Standing
    from docklet.domain.trigger import Trigger
    from docklet.ports.talk import Talk

T = TypeVar("T")

COMMENT: Final = "issue_comment"
"""The event of a comment, as a run's trigger names it."""


async def refusal(event: CommentEvent, bounds: Bounds, talk: Talk) -> Refused | None:
    """Say why a person may give no command now; None when they may."""
    standing: Standing | Unknown = await answered(talk.standing(event.author))
    found = policy.refusal(event, bounds, standing, listed=True)
    return found or policy.refusal(
        event, bounds, standing, listed=await _listed(event, bounds, talk)
    )


async def commit(event: CommentEvent, bounds: Bounds, pinned: str, talk: Talk) -> Decision:
    """Decide which commit a person's command is about; asks no more than that takes."""
    asked = talk.pull(event.issue) if event.pull_request else talk.default_head()
    head = await answered(asked)
    without = policy.commit(event, bounds, head, None, pinned)
    if isinstance(head, Unknown) or not isinstance(without, policy.Confirm) or head.fork:
        return without
    arrival = await answered(talk.arrival(head.branch))
    return policy.commit(event, bounds, head, arrival, pinned)


def still(event: CommentEvent, bounds: Bounds, talk: Talk) -> Callable[[], Awaitable[str]]:
    """Return what asks again whether a person may, and says why not."""

    async def ask() -> str:
        found = await refusal(event, bounds, talk)
        return found.why if found else ""

    return ask


async def still_by_name(trigger: Trigger, talk: Talk) -> str:
    """Say why the results of a run may not be pushed by another process than its own.

    All that is known by then of who gave the command is their name; other runs may.
    """
    if trigger.event != COMMENT:
        return ""
    standing = await answered(talk.standing(trigger.actor))
    if isinstance(standing, Unknown):
        return f"Whether {trigger.actor} may still write here is not known. {standing.why}"
    if standing.role.covers(Role.WRITE):
        return ""
    return f"{trigger.actor}, who gave the command, may not write here any more."


async def _listed(event: CommentEvent, bounds: Bounds, talk: Talk) -> bool | Unknown:
    """Tell whether a person is among the users and teams, if there are any."""
    login = event.author.lower()
    if login in bounds.users or not (bounds.users or bounds.teams):
        return True
    unknown: Unknown | None = None
    for team in bounds.teams:
        found = await answered(talk.in_team(team, login))
        if found is True:
            return True
        unknown = found if isinstance(found, Unknown) else unknown
    return unknown or False


async def answered(question: Awaitable[T]) -> T | Unknown:
    """Return an answer of the forge's, or that there is none and why."""
    try:
        return await question
    except ForgeError as error:
        return Unknown(why=error.message)
