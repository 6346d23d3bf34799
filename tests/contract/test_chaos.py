"""Seeded schedules of faults harm nobody; without any of our controls they do, and it shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final

import pytest
from azure.core.pipeline.policies import RetryPolicy

from docklet.domain.identity import Identity, identity_of
from docklet.domain.outcome import Published
from docklet.domain.spec import Push
from docklet.domain.triage import Action, Decision
from docklet.pipeline import publish, sweep
from docklet.ports import Deletion, PushAnswer, PushVerdict
from docklet_sandbox.faults import FaultKind
from tests.builders import make_identity
from tests.chaos.judge import FIGURES
from tests.chaos.light import weather
from tools.chaos import Ground, line, play_all, play_batch, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from docklet.adapters.github.tries import Tries
    from docklet.domain.plan import Plan
    from docklet.ports import Droplet, Git
    from tests.chaos.light.weather import Weather

COUNTS: Final[Mapping[Ground, int]] = {Ground.FAKES: 2000, Ground.LIGHT: 200}
"""Schedules here; workflows play more of those that take longer."""
FIRST = 1
ENOUGH = 1500
"""Schedules in which a missing control has to show."""
ENOUGH_DAYS = 12
"""The same, of those on which it is needed."""
REFUSALS = 7
"""Pushes that a sweep or two make up for."""


@pytest.mark.parametrize("ground", Ground)
def test_figures(ground: Ground) -> None:
    """Of many schedules not one leaves, loses, doubles or belies anything."""
    verdicts = list(play_all(FIRST, COUNTS[ground], jobs=2, ground=ground))
    assert [each for each in verdicts if each.wrong] == []
    zeros = " ".join(f"{name}=0" for name in FIGURES)
    assert line(verdicts) == f"schedules={COUNTS[ground]} {zeros}"


@pytest.mark.parametrize("ground", Ground)
def test_same_seed_same_story(ground: Ground) -> None:
    """A seed tells the same story every time, so that a failure can be looked at."""
    assert repr(weather.draw(7)) == repr(weather.draw(7)) != repr(weather.draw(8))
    stories = [list(play_all(7, 12, jobs=jobs, ground=ground, batch=6)) for jobs in (1, 2)]
    assert stories[0] == stories[1]
    assert any(each.clean for each in stories[0])


@pytest.mark.usefixtures("cloud_contract", "forge_contract")
def test_the_sandbox_finds_nothing_to_object_to(tmp_path: Path) -> None:
    """On no bad day is a request sent that the official descriptions don't know."""
    with get_context("fork").Pool(1) as pool:
        found = pool.starmap(_violations, [(seed, tmp_path / str(seed)) for seed in range(1, 13)])
    assert not any(found)


def _violations(seed: int, folder: Path) -> list[str]:
    """Play a schedule where killed runs do not matter, and return what was wrong with requests."""
    folder.mkdir()
    return told(Ground.LIGHT, seed, folder).scene.violations


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
    "a comment is made without a look": (
        "comments_not_one",
        {"bot.post.look_for": _nothing},
    ),
    "the last word is left out": (
        "comments_not_one",
        {"bot.post.Post.finish": _nothing},
    ),
}
"""The figure that rises, and what is replaced in the pipeline."""


async def _sent_again(
    tries: Tries,
    purpose: Any,  # noqa: ANN401 - the adapter's own
    send: Callable[[], Any],
    *_: object,
) -> object:
    """Make a call again without a look at what became of the first one."""
    return await tries.repeat(purpose, send)


def _retries() -> RetryPolicy[Any, Any]:
    """Repeat as pydo does unless it is told not to."""
    return RetryPolicy()


def _at_once(*_: object) -> None:
    """Wait for nothing: pydo's pauses are real ones."""


def _create_is_lost(day: Weather) -> bool:
    """Tell whether a create request takes effect and is answered with an error."""
    kinds = {each.word for each in day.cloud if (each.method, each.skip) == ("POST", 0)}
    return bool(kinds & {"commit_then_500", "commit_then_503", "commit_then_504"})


def _comment_is_lost(day: Weather) -> bool:
    """Tell whether a comment is made and nobody learns of it."""
    first = [each for each in day.forge if each.route == "*/comments" and each.method == "POST"]
    return any(each.commit and each.kind is not FaultKind.DELAY for each in first[:1])


def _deletion_is_forgotten(day: Weather) -> bool:
    """Tell whether a deletion is accepted and forgotten."""
    return any((each.kind, each.status) == (FaultKind.ANSWER, 204) for each in day.cloud)


def _sweeps_are_refused(weather: Weather) -> bool:
    """Tell whether a run loses its process, and no push may do for hours."""
    day = weather.day
    killed = day.kill_at is not None and not day.post_step
    return killed and day.push != Push.NONE and len(day.pushes) > REFUSALS


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """A control that adapters and pipeline have together, and what happens without it."""

    figure: str
    concerns: Callable[[Weather], bool]
    """Tells on which days the control is needed."""
    replaced: Mapping[str, Callable[..., Any]]


OF_ADAPTERS: Final = {
    "pydo repeats requests": Sabotage(
        figure="duplicates",
        concerns=_create_is_lost,
        replaced={
            "azure.core.pipeline.policies.RetryPolicy.no_retries": _retries,
            "azure.core.pipeline.transport.HttpTransport.sleep": _at_once,
        },
    ),
    "a comment is sent again without a look": Sabotage(
        figure="comments_not_one",
        concerns=_comment_is_lost,
        replaced={"docklet.adapters.github.tries.Tries.once": _sent_again},
    ),
    "what no branch takes is removed": Sabotage(
        figure="lost_results",
        concerns=_sweeps_are_refused,
        replaced={"docklet.pipeline.publish._published": _tidied},
    ),
    "a deletion is believed": Sabotage(
        figure="orphans",
        concerns=_deletion_is_forgotten,
        replaced={
            "docklet.pipeline.remove._is_deleted": _believed,
            "docklet.pipeline.remove._Removal.look": _nothing,
        },
    ),
}
"""As above, on the ground where adapters are real."""


@pytest.mark.parametrize("name", SABOTAGES)
def test_sabotage(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Without the control, the figure that it guards is not 0 any more."""
    figure, replaced = SABOTAGES[name]
    for place, other in replaced.items():
        monkeypatch.setattr(f"docklet.{place}", other)
    verdicts = play_all(FIRST, ENOUGH, jobs=1, batch=20)
    assert any(figure in each.wrong for each in verdicts)


@pytest.mark.parametrize("name", OF_ADAPTERS)
def test_sabotage_of_adapters(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The same holds for what adapters do, where they are real."""
    sabotage = OF_ADAPTERS[name]
    for place, other in sabotage.replaced.items():
        monkeypatch.setattr(place, other)
    days = (seed for seed in count(FIRST) if sabotage.concerns(weather.draw(seed)))
    with get_context("fork").Pool(1) as pool:
        (verdicts,) = pool.map(
            partial(play_batch, Ground.LIGHT), [list(islice(days, ENOUGH_DAYS))]
        )
    assert any(sabotage.figure in each.wrong for each in verdicts)
