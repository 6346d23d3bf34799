"""Find out in which conversation a run is commented on, before anything costs money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from docklet.domain.errors import ForgeError, InvalidInputs, Problem
from docklet.domain.spec import CommentOn

if TYPE_CHECKING:
    from docklet.domain.spec import RunSpec
    from docklet.domain.trigger import Trigger
    from docklet.ports import Forge


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Where a run is commented on, if not on the commit's own page."""

    issue: int | None = None
    """Number of the pull request or issue; None for the commit's page."""
    note: str = ""
    """What the user should know about it; whole sentences."""


async def conversation(spec: RunSpec, trigger: Trigger, forge: Forge) -> Conversation:
    """Return where the comment goes; raise `InvalidInputs` when there is no such place.

    Nobody's run depends on the look for it: when that fails, the commit's page will do.
    """
    if spec.comment not in {CommentOn.AUTO, CommentOn.PULL_REQUEST}:
        return Conversation()
    if trigger.issue is not None:
        return Conversation(issue=trigger.issue)
    try:
        issue = await forge.pull_of(trigger.sha)
    except ForgeError as error:
        return Conversation(note=f"{error.message} The comment goes to the commit's page.")
    if issue is None and spec.comment is CommentOn.PULL_REQUEST:
        raise InvalidInputs((_none(trigger),))
    return Conversation(issue=issue)


def _none(trigger: Trigger) -> Problem:
    """Say that there is no pull request."""
    message = (
        f"No open pull request of {trigger.repository} ends with commit {trigger.sha[:7]}, so"
        " there is none to comment on. Open one first, or use `auto`, which comments on the commit"
        " then."
    )
    return Problem(name="comment", message=message)
