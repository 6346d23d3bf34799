"""What a check run says: the lines of the repository at which a failed script stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.outcome import Status
from docklet.domain.traceback import failures_in
from docklet.render.report import log_end

if TYPE_CHECKING:
    from docklet.domain.annotation import Annotation
    from docklet.domain.progress import Progress
    from docklet.render.mask import Mask

SUMMARY: Final = "Read from the end of the script's log, whose words these are."


def failed_lines(progress: Progress, mask: Mask) -> tuple[Annotation, ...]:
    """Return the lines that a failed script's log names; none for any other ending."""
    plan, outcome = progress.plan, progress.outcome
    if plan is None or outcome is None or outcome.status is not Status.FAILURE:
        return ()
    return failures_in(log_end(progress, mask), plan.spec.path)


def title(lines: tuple[Annotation, ...]) -> str:
    """Return the headline above so many lines."""
    places = "at one line" if len(lines) == 1 else f"at {len(lines)} lines"
    return f"The script failed {places} of the repository"
