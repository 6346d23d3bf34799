"""Everything that can go wrong on purpose.

    DockletError
    ├── InvalidInputs        the user's configuration, all problems at once
    │   └── InvalidCommand   a comment speaks to docklet and says what it does not know
    ├── CloudError           the cloud said no, or nothing
    │   ├── AmbiguousCreate  nobody knows whether the droplet exists
    │   └── CreateDeferred   there is surely none; the cloud may make one later
    ├── ForgeError           the forge said no, or nothing
    │   ├── ForgeGone        what the request was about is not there
    │   └── ForgeLacks       the token has not the permission that it takes
    ├── GitError             git could not read or write
    ├── AgentError           a step on the droplet failed and said why
    ├── Unreachable          no SSH connection (yet)
    │   ├── HostKeyMismatch  somebody else answers
    │   ├── KeyRefused       the right machine does not let us in (yet)
    │   └── ConnectionLost   there was one, and it broke; never an exit status
    └── Cancelled            somebody stopped the run

Each carries a `Reason`; messages are whole sentences.
"""

from __future__ import annotations

from dataclasses import dataclass

from docklet.domain.outcome import Reason


class DockletError(Exception):
    """The root of all failures that docklet explains."""

    reason: Reason

    def __init__(self, message: str, *, reason: Reason | None = None) -> None:
        """Explain a failure in whole sentences."""
        super().__init__(message)
        self.message = message
        if reason is not None:
            self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with one input."""

    name: str
    """The input's name as the user writes it."""
    message: str
    """What is wrong, the likely cause and the remedy."""
    line: int = 0
    """Line of the file that it stands in, counted from 1; 0 when it came from no file."""

    def __str__(self) -> str:
        """Name the place and the input, then say what is wrong."""
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.name}: {self.message}"


class InvalidInputs(DockletError):
    """The user's configuration is wrong; holds every problem found."""

    reason = Reason.INVALID_INPUT

    def __init__(self, problems: tuple[Problem, ...], *, reason: Reason | None = None) -> None:
        """Collect `problems`, one line each."""
        super().__init__("\n".join(map(str, problems)), reason=reason)
        self.problems = problems


class InvalidCommand(InvalidInputs):
    """A comment is a command, and its words can't be understood."""


class CloudError(DockletError):
    """The cloud's API refused or failed."""

    reason = Reason.CLOUD_FAILED


class AmbiguousCreate(CloudError):
    """The create request was sent and its answer is unknown: the droplet may exist."""

    reason = Reason.CREATE_FAILED


class CreateDeferred(CloudError):
    """The create request surely had no effect and may be sent again later."""

    def __init__(self, message: str, *, retry_after: float = 0.0) -> None:
        """Keep the seconds that the cloud asks to wait beside the message."""
        super().__init__(message)
        self.retry_after = retry_after


class ForgeError(DockletError):
    """The forge's API refused or failed."""

    reason = Reason.FORGE_FAILED


class ForgeGone(ForgeError):
    """What the request was about is not there (any more), or not for this token: 404."""

    reason = Reason.FORGE_DENIED


class ForgeLacks(ForgeError):
    """The token lacks a permission, which the message names: 403."""

    reason = Reason.FORGE_DENIED


class GitError(DockletError):
    """A git command failed."""

    reason = Reason.FORGE_FAILED


class AgentError(DockletError):
    """A step on the droplet failed and said why."""

    reason = Reason.AGENT_FAILED

    def __init__(self, message: str, *, kind: str, reason: Reason | None = None) -> None:
        """Keep the agent's `kind` beside the message."""
        super().__init__(message, reason=reason)
        self.kind = kind


class Unreachable(DockletError):
    """No SSH connection could be made."""

    reason = Reason.UNREACHABLE


class HostKeyMismatch(Unreachable):
    """The machine that answered is not the one that we made."""

    reason = Reason.HOST_KEY


class KeyRefused(Unreachable):
    """The machine has the right host key and does not accept ours."""


class ConnectionLost(Unreachable):
    """An SSH connection broke; what ran on the other side goes on."""


class Cancelled(DockletError):
    """Somebody stopped the run."""

    reason = Reason.CANCELLED
