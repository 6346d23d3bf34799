"""The fixed wording: one sentence for each way to end and for each phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.events import Phase
from docklet.domain.outcome import Reason, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.domain.outcome import Outcome
    from docklet.domain.progress import Progress

ENDINGS: Final[Mapping[Reason, str]] = {
    Reason.DONE: "The script succeeded.",
    Reason.NO_CHANGES: "The script succeeded and changed nothing.",
    Reason.SCRIPT_EXIT: "The script failed.",
    Reason.TIMED_OUT: "The script was stopped at its limit.",
    Reason.OUT_OF_MEMORY: "The script ran out of memory.",
    Reason.DISK_FULL: "The disk is full.",
    Reason.INVALID_INPUT: "The inputs are wrong; nothing was started.",
    Reason.INVALID_EVENT: "This event can't start a run; nothing was started.",
    Reason.CLOUD_DENIED: "DigitalOcean refused the token.",
    Reason.FORGE_DENIED: "GitHub refused the token.",
    Reason.QUOTA: "The account may have no further droplet.",
    Reason.UNAVAILABLE: "No region named has this size now.",
    Reason.IMAGE_NOT_PULLED: "The image could not be pulled.",
    Reason.IMAGE_CANNOT_RUN: "The image can't run the script.",
    Reason.NOT_CLONED: "The repository could not be checked out.",
    Reason.CREATE_FAILED: "The droplet could not be created.",
    Reason.CLOUD_FAILED: "DigitalOcean failed.",
    Reason.UNREACHABLE: "The droplet could not be reached.",
    Reason.HOST_KEY: "Another machine answered in the droplet's place.",
    Reason.DROPLET_LOST: "The droplet was lost.",
    Reason.FORGE_FAILED: "GitHub failed.",
    Reason.AGENT_FAILED: "A step on the droplet failed.",
    Reason.RUNNER_LOST: "The process that looked after the run was lost.",
    Reason.PUSHED_ELSEWHERE: "The script succeeded; its results are on another branch.",
    Reason.PARTLY_PUSHED: "The script succeeded; some of its results could not be pushed.",
    Reason.NOT_PUSHED: "The results could not be pushed.",
    Reason.NOT_COLLECTED: "The results could not be collected.",
    Reason.NOT_DELETED: "The droplet could not be deleted and still costs money.",
    Reason.CANCELLED: "The run was cancelled.",
}
"""What a person reads first."""

STAGES: Final[Mapping[Phase, str]] = {
    Phase.CREATE: "Creating the droplet.",
    Phase.BOOT: "Waiting for the droplet.",
    Phase.CLONE: "Checking out the repository.",
    Phase.PULL: "Pulling the image.",
    Phase.RUN: "The script is running.",
    Phase.COLLECT: "Collecting the results.",
    Phase.PUSH: "Pushing the results.",
    Phase.DELETE: "Deleting the droplet.",
}
"""What a person reads while a run goes on."""

GOING: Final = "⏳"
"""The sign of a run that has no status yet."""
MARKS: Final[Mapping[Status, str]] = {
    Status.SUCCESS: "✅",
    Status.FAILURE: "❌",
    Status.DIVERTED: "⚠️",
    Status.INVALID: "❌",
    Status.ERROR: "❌",
    Status.CANCELLED: "🚫",
}
"""One sign for each status."""

COMMIT_STATES: Final[Mapping[Status, str]] = {
    Status.SUCCESS: "success",
    Status.FAILURE: "failure",
    Status.DIVERTED: "failure",
    Status.INVALID: "error",
    Status.ERROR: "error",
    Status.CANCELLED: "error",
}
"""The forge's commit states; it has none for what was cancelled."""


def ending(outcome: Outcome) -> str:
    """Return the sentence for an ending; the script's own exit code is part of it."""
    if outcome.reason is Reason.SCRIPT_EXIT and outcome.exit_code is not None:
        return f"The script failed with exit code {outcome.exit_code}."
    return ENDINGS[outcome.reason]


def headline(progress: Progress) -> str:
    """Return the sentence for where a run is."""
    if progress.outcome is not None:
        return ending(progress.outcome)
    if not progress.spans:
        return "Starting."
    return STAGES[progress.phase or progress.spans[-1].phase]


def mark(progress: Progress) -> str:
    """Return the sign for where a run is."""
    return MARKS[progress.outcome.status] if progress.outcome else GOING


def commit_state(progress: Progress) -> str:
    """Return the forge's commit state for where a run is."""
    return COMMIT_STATES[progress.outcome.status] if progress.outcome else "pending"
