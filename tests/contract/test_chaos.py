"""Seeded schedules of faults harm nobody; without any of our controls they do, and it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from docklet.domain.identity import Identity, identity_of
from docklet.domain.outcome import Published
from docklet.domain.triage import Action, Decision
from docklet.pipeline import publish, sweep
from docklet.ports import Deletion, PushAnswer, PushVerdict
from tests.builders import make_identity
from tests.chaos.judge import FIGURES
from tests.chaos.schedule import draw
from tools.chaos import line, play_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from docklet.domain.plan import Plan
    from docklet.ports import Droplet, Git

COUNT = 2000
FIRST = 1
ENOUGH = 1500
"""Schedules in which a missing control has to show."""


def test_figures() -> None:
    """Of some thousand schedules not one leaves, loses, doubles or belies anything."""
    verdicts = list(play_all(FIRST, COUNT, jobs=2))
    assert [each for each in verdicts if each.wrong] == []
    zeros = " ".join(f"{name}=0" for name in FIGURES)
    assert line(verdicts) == f"schedules={COUNT} {zeros}"


def test_same_seed_same_story() -> None:
    """A seed tells the same story every time, so that a failure can be looked at."""
    assert repr(draw(7)) == repr(draw(7)) != repr(draw(8))
    assert list(play_all(7, 20, jobs=1)) == list(play_all(7, 20, jobs=2))


async def _believed(droplet_id: int, site: Any) -> bool:  # noqa: ANN401 - the pipeline's own
    """Ask for a deletion and believe that it will happen."""
    return await site.cloud.delete(droplet_id) is not Deletion.PENDING


async def _nothing(*_: object, **__: object) -> None:
    """Do nothing, and find nothing."""


async def _undeleted(_plan: object, _rental: object, outcome: object, *_: object) -> object:
    """Leave the droplet where it is."""
    return outcome


async def _hoped(git: Git, sha: str, branch: str) -> PushAnswer:
    """Take a push whose answer was lost for accepted."""
    answer = await git.push(sha, branch)
    if answer.verdict is PushVerdict.UNKNOWN:
        return PushAnswer(verdict=PushVerdict.ACCEPTED)
    return answer


def _tidied(work: publish.Publication, *where: str, as_asked: bool = False) -> Published:
    """Remove the archive whether or not the repository has what it holds."""
    work.archive.unlink(missing_ok=True)
    branch, sha, *_ = where
    return Published(branch=branch, commit=sha, as_asked=as_asked)


def _by_name(droplet: Droplet, plan: Plan) -> bool:
    """Take a droplet for the run's by its name alone."""
    return droplet.name == plan.identity.name


def _by_either(name: str, tags: Iterable[str]) -> Identity | None:
    """Take a droplet for ours by its name, whatever its tags."""
    named = name == make_identity().name
    return identity_of(name, tags) or (make_identity(deadline=0) if named else None)


def _everything(_case: object) -> Decision:
    """Delete whatever is ours, whoever works on it."""
    return Decision(action=Action.DELETE, why="is there")


def _nobody(_case: object) -> Decision:
    """Leave everything alone for ever."""
    return Decision(action=Action.LEAVE, why="is there")


_delete = sweep._delete  # noqa: SLF001 - what the sabotage below does instead

SABOTAGES: Final[Mapping[str, tuple[str, Mapping[str, Callable[..., Any]]]]] = {
    "a deletion is believed": (
        "orphans",
        {"pipeline.remove._is_deleted": _believed, "pipeline.remove._Removal.look": _nothing},
    ),
    "nothing is deleted at the end": ("orphans", {"pipeline.giveback._deleted": _undeleted}),
    "a lost create is sent again": ("duplicates", {"pipeline.create._look": _nothing}),
    "a name is enough for a run": ("foreign_touched", {"pipeline.create._is_the_runs": _by_name}),
    "a name is enough for a sweep": (
        "foreign_touched",
        {"pipeline.sweep.identity_of": _by_either},
    ),
    "signs of life mean nothing": ("live_killed", {"pipeline.sweep.decide": _everything}),
    "deadlines mean nothing": ("over_deadline", {"pipeline.sweep.decide": _nobody}),
    "what lost its runner is deleted": ("lost_results", {"pipeline.sweep._take_up": _delete}),
    "the archive is always removed": ("lost_results", {"pipeline.publish._published": _tidied}),
    "no answer to a push is a yes": ("false_success", {"pipeline.publish._push": _hoped}),
    "the last word is left out": (
        "comments_not_one",
        {"bot.status.StatusComment._last": _nothing},
    ),
}
"""The figure that rises, and what is replaced in the pipeline."""


@pytest.mark.parametrize("name", SABOTAGES)
def test_sabotage(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Without the control, the figure that it guards is not 0 any more."""
    figure, replaced = SABOTAGES[name]
    for place, other in replaced.items():
        monkeypatch.setattr(f"docklet.{place}", other)
    verdicts = play_all(FIRST, ENOUGH, jobs=1, batch=20)
    assert any(figure in each.wrong for each in verdicts)
