"""What is said of a run that is stopped from outside: where its results are, if it has any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.events import Phase
from docklet.domain.outcome import Outcome, Published, Reason

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.pipeline.world import World

RESULTS: Final = "results.tar"
"""The archive of a run's results in its directory; it is there only when it is whole."""
LOG: Final = "run.log"
"""The script's output, byte for byte, beside it."""
_STOPPED: Final = "The run was stopped from outside."
_LOST: Final = (
    "Its script had ended, but its results are lost: they had not been fetched yet. Run it again."
)
_HERE: Final = "Its script had ended, and its results were not pushed."
_ON_THEIR_WAY: Final = (
    "Its script had ended, and the repository may have its results already: they were on their"
    " way there."
)


def results_archive(world: World) -> Path:
    """Return where a run's results are kept until the repository has them."""
    return world.directory / RESULTS


def called(archive: Path) -> str:
    """Return an archive's name from the workspace, where each run has a directory.

    An absolute one would be wrong outside of the container that docklet may run in.
    """
    return f"{archive.parent.name}/{archive.name}"


def kept(world: World) -> Published | None:
    """Return where a run's results are that did not get any further; None if it has none."""
    archive = results_archive(world)
    return Published(archive=called(archive)) if archive.exists() else None


def stopped(world: World) -> Outcome:
    """Return how a run ends that is stopped now; a script that had ended has its say."""
    spans = {span.phase: span for span in world.record.progress.spans}
    ran = spans.get(Phase.RUN)
    if ran is None or ran.ended is None or not ran.ok:
        return Outcome(reason=Reason.CANCELLED, message=_STOPPED)
    published = kept(world)
    if published is None:
        return Outcome(reason=Reason.CANCELLED, message=f"{_STOPPED} {_LOST}")
    told = _ON_THEIR_WAY if Phase.PUSH in spans else _HERE
    return Outcome(reason=Reason.CANCELLED, message=f"{_STOPPED} {told}", published=published)
