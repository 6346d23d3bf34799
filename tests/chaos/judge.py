"""Judge a story by what must never happen; each figure counts stories in which it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.outcome import Reason, Status, status_of
from docklet.domain.spec import Push
from docklet.render.comment import is_open
from tests.builders import START
from tests.chaos.play import SWEEP

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.chaos.play import Story


def orphan(story: Story) -> bool:
    """Tell whether a droplet was left: by a run that said nothing, or for ever."""
    if story.ours:
        return True
    outcome = story.outcome
    if outcome is None or not story.left:
        return False
    told = outcome.reason is Reason.NOT_DELETED or "verified as deleted" in outcome.message
    return not (told or _kept(story))


def duplicate(story: Story) -> bool:
    """Tell whether the script ran twice, or two droplets were paid for at once."""
    return story.stage.world.machine.starts > 1 or story.stage.cloud.most > 1


def live_killed(story: Story) -> bool:
    """Tell whether another run's droplet was taken away from it."""
    return story.stage.live.droplet_id not in story.stage.cloud.live


def foreign_touched(story: Story) -> bool:
    """Tell whether a droplet that is not ours was deleted, changed or spoken to."""
    stage = story.stage
    spoken = {each.address for each in stage.foreign} & set(stage.world.access.addresses)
    return bool(spoken) or any(
        stage.cloud.live.get(each.droplet_id) != each for each in stage.foreign
    )


def lost_results(story: Story) -> bool:
    """Tell whether a script that succeeded has its results nowhere."""
    return _owes_results(story) and not _has_results(story)


def false_success(story: Story) -> bool:
    """Tell whether a success was reported that is none."""
    outcome = story.outcome
    if outcome is None or status_of(outcome.reason) is not Status.SUCCESS:
        return False
    if outcome.exit_code != story.stage.schedule.exit_code or outcome.exit_code:
        return True
    return story.stage.plan.spec.push is not Push.NONE and not story.stage.pushed


def comments_not_one(story: Story) -> bool:
    """Tell whether there are several comments, none, or one that says "running" for ever."""
    comments = story.comments
    if len(comments) > 1:
        return True
    if story.stage.schedule.forge:
        return False
    missing = not comments and story.outcome is not None
    return missing or any(map(is_open, comments))


def over_deadline(story: Story) -> bool:
    """Tell whether a droplet of ours outlived its deadline although sweeps could see it."""
    schedule, stage = story.stage.schedule, story.stage
    deleted = stage.cloud.deleted.get(stage.late.droplet_id)
    failed = sum(each.times for each in schedule.cloud) + schedule.deaf
    begun = START + (schedule.kill_at or schedule.lasts + 3600)
    return deleted is None or deleted > begun + (2 + failed) * SWEEP


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
    schedule, machine = story.stage.schedule, story.stage.world.machine
    if machine.started is None or schedule.exit_code or not schedule.quiet_machine:
        return False
    if schedule.stops or story.stage.plan.spec.push is Push.NONE:
        return False
    if story.outcome is not None or not schedule.post_step:
        return True
    # A post step deletes what does not answer it: that nothing is left comes first.
    died = story.ended_at - START
    silent = any(begin - 30 <= died < end for begin, end in schedule.silences)
    return machine.started + schedule.lasts <= story.ended_at and not silent


def _has_results(story: Story) -> bool:
    """Tell whether the results are in the repository, or in an archive on a living runner."""
    archive = story.stage.world.directory / "results.tar"
    lives = story.outcome is not None or story.stage.schedule.post_step
    return story.stage.pushed or (lives and archive.exists())
