"""Whether a comment may start a run, and of which commit: one table of decisions.

What could not be found out is neither a denial of the person nor a grant: it refuses, and says
what failed. A commit is what the person can have seen only if the forge itself says that it was
there before the comment; what its author wrote into it is never asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from docklet.domain.config import Bounds
    from docklet.domain.payload import CommentEvent


class Role(StrEnum):
    """What somebody is in a repository, the least first; custom roles count as their base."""

    NONE = "none"
    READ = "read"
    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Tell whether this role is enough where `needed` is asked for."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the forge says of a login."""

    user_id: int
    """Whose login it is now."""
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a command would run: a pull request's head, or the default branch's."""

    sha: str
    branch: str
    """The branch that it is on; in the fork, if it is in one."""
    fork: bool = False
    """Whether it is in another repository, or in one that is gone."""
    open: bool = True
    merged: bool = False
    locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The latest change of a branch, as the forge itself noted it."""

    sha: str
    """What the branch has been at since."""
    at: float
    """Epoch second, by the forge's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A question that the forge did not answer."""

    why: str
    """Whole sentences: what was asked, and what came instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """It may be done, with this commit."""

    head: Head
    secrets: bool
    """Whether the script may have what the workflow gives to jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It may not be done."""

    why: str
    """Whole sentences: what is missing, and what helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """Nobody can tell whether the person has seen the commit, so they have to name it."""

    sha: str
    why: str
    """A whole sentence."""


Decision: TypeAlias = Allowed | Refused | Confirm


def refusal(
    event: CommentEvent,
    bounds: Bounds,
    standing: Standing | Unknown,
    listed: bool | Unknown,  # noqa: FBT001 - one of two answers
) -> Refused | None:
    """Say why a person may give no command here; None when they may.

    `listed` says whether they are among the users and teams of the bounds.
    """
    if isinstance(standing, Unknown):
        return _unanswered("whether you may write to this repository", standing)
    if standing.user_id != event.author_id:
        return Refused(why=_RENAMED.format(login=event.author))
    needed = Role(bounds.permission.value)
    if not standing.role.covers(needed):
        return Refused(why=_ROLE.format(needed=needed, role=standing.role))
    if isinstance(listed, Unknown):
        return _unanswered("whether you are in one of the teams that may", listed)
    return None if listed else Refused(why=_LISTED)


def commit(
    event: CommentEvent,
    bounds: Bounds,
    head: Head | Unknown,
    arrival: Arrival | Unknown | None,
    pinned: str,
) -> Decision:
    """Decide which commit a person's command runs, if any; `pinned` is what they named."""
    if isinstance(head, Unknown):
        return _unanswered("which commit this is about", head)
    if why := _closed(event, head) or (_FORK if head.fork and not bounds.forks else ""):
        return Refused(why=why)
    if pinned and pinned != head.sha:
        return Refused(why=_MOVED.format(pinned=pinned, sha=head.sha))
    if pinned:
        return Allowed(head=head, secrets=not head.fork)
    if head.fork:
        return Confirm(sha=head.sha, why=_FROM_FORK)
    return _by_arrival(event, head, arrival)


def _by_arrival(event: CommentEvent, head: Head, arrival: Arrival | Unknown | None) -> Decision:
    """Decide by when the forge saw the commit arrive; the clock that counts has whole seconds."""
    if isinstance(arrival, Unknown):
        return _unanswered("when this commit was pushed", arrival)
    if arrival is None or arrival.sha != head.sha:
        return Confirm(sha=head.sha, why=_UNNOTED)
    if int(arrival.at) >= int(event.created_at):
        return Confirm(sha=head.sha, why=_LATE)
    return Allowed(head=head, secrets=True)


def _closed(event: CommentEvent, head: Head) -> str:
    """Say why nothing can be run in a conversation as it is; empty when something can."""
    if head.merged:
        return "This pull request is merged, so nothing was started. Run the job on its branch."
    if not (event.open and head.open):
        return "This conversation is closed, so nothing was started. Open it again first."
    if event.locked or head.locked:
        return "This conversation is locked, so nothing was started. Unlock it first."
    return ""


def _unanswered(question: str, failure: Unknown) -> Refused:
    """Refuse because of a question that was not answered."""
    return Refused(why=f"It could not be found out {question}, so nothing was done. {failure.why}")


_RENAMED: Final = (
    "The account `{login}` is not the one any more that wrote this comment, so nothing was done."
)
_ROLE: Final = (
    "Commands take the role `{needed}` in this repository at least, and yours is `{role}`, so"
    " nothing was done."
)
_LISTED: Final = (
    "Commands are for the users and teams that `.github/docklet.yml` lists, and you are in none of"
    " them, so nothing was done."
)
_FORK: Final = (
    "This pull request comes from a fork, and what a stranger wrote is not run unless"
    " `.github/docklet.yml` allows `forks`. Nothing was started. Read it, push it to a branch of"
    " this repository, and run it there."
)
_MOVED: Final = (
    "The commit `{pinned}` is not the head here: that is `{sha}`. Nothing was started. Look at it,"
    " and name it if you want it to run."
)
_FROM_FORK: Final = "It comes from a fork, so the commit has to be named by whoever read it."
_LATE: Final = "It was pushed at the time of your comment, or later."
_UNNOTED: Final = "GitHub does not say when it was pushed."
