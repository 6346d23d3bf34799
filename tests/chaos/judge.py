"""Judge a story by what must never happen; each figure counts stories in which it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.outcome import Reason, Status, status_of
from docklet.domain.spec import Push
from docklet.render.comment import is_open
from tests.builders import START
from tests.chaos.story import SWEEP, SWEEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.chaos.story import Story


def orphan(story: Story) -> bool:
    """Tell whether a droplet was left: by a run that said nothing, or for ever."""
    if story.scene.ours:
        return True
    outcome = story.outcome
    if outcome is None or not story.left:
        return False
    told = outcome.reason is Reason.NOT_DELETED or "verified as deleted" in outcome.message
    return not (told or _kept(story))


def duplicate(story: Story) -> bool:
    """Tell whether the script ran twice, or two droplets were paid for at once."""
    return len(story.scene.starts) > 1 or story.scene.most > 1


def live_killed(story: Story) -> bool:
    """Tell whether another run's droplet was taken away from it."""
    return not story.scene.live_is_left


def foreign_touched(story: Story) -> bool:
    """Tell whether a droplet that is not ours was deleted, changed or spoken to."""
    return story.scene.foreign_touched


def lost_results(story: Story) -> bool:
    """Tell whether a script that succeeded has its results nowhere."""
    return _owes_results(story) and not _has_results(story)


def false_success(story: Story) -> bool:
    """Tell whether a success was reported that is none."""
    outcome, schedule = story.outcome, story.scene.schedule
    if outcome is None or status_of(outcome.reason) is not Status.SUCCESS:
        return False
    if outcome.exit_code != schedule.exit_code or outcome.exit_code:
        return True
    return schedule.push != Push.NONE and not story.scene.pushed


def comments_not_one(story: Story) -> bool:
    """Tell whether there are several comments, none, or one that says "running" for ever."""
    comments = story.scene.comments
    if len(comments) > 1:
        return True
    if not story.scene.talks:
        return False
    # Before there is a plan, the job's own log is all that a run says.
    missing = not comments and story.outcome is not None and "Planned" in story.log
    return missing or any(map(is_open, comments))


def over_deadline(story: Story) -> bool:
    """Tell whether a droplet of ours outlived its deadline although sweeps could see it."""
    schedule, deleted = story.scene.schedule, story.scene.late_deleted
    begun = START + (schedule.kill_at or schedule.lasts + 3600)
    return deleted is None or deleted > begun + (2 + story.scene.failing) * SWEEP


FIGURES: Final[Mapping[str, Callable[[Story], bool]]] = {
    "orphans": orphan,
    "duplicates": duplicate,
    "live_killed": live_killed,
    "foreign_touched": foreign_touched,
    "lost_results": lost_results,
    "false_success": false_success,
    "comments_not_one": comments_not_one,
    "over_deadline": over_deadline,
}


def judge(story: Story) -> tuple[str, ...]:
    """Return the names of what must never happen and did."""
    return tuple(name for name, happened in FIGURES.items() if happened(story))


def _kept(story: Story) -> bool:
    """Tell whether the droplet was kept on purpose."""
    return "DropletKept" in story.log


def _owes_results(story: Story) -> bool:
    """Tell whether the script succeeded on a machine that still answered when it had."""
    scene, schedule = story.scene, story.scene.schedule
    if not scene.starts or schedule.exit_code or not scene.quiet_machine:
        return False
    if schedule.stops or schedule.push == Push.NONE:
        return False
    if story.outcome is not None or not schedule.post_step:
        return True
    # A post step deletes what does not answer it: that nothing is left comes first.
    died = story.ended_at - START
    silent = any(begin - 30 <= died < end for begin, end in schedule.silences)
    return scene.starts[0] + schedule.lasts <= story.ended_at and not silent


def _has_results(story: Story) -> bool:
    """Tell whether the results are in the repository, or in an archive on a living machine."""
    scene = story.scene
    lives = story.outcome is not None or scene.schedule.post_step
    place = scene.directory if lives else scene.directory / SWEEPS
    return scene.pushed or any(place.rglob("results.tar"))
