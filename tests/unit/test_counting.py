"""The lines of a results commit are told if the forge tells them, and nothing waits for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from docklet.domain.diffstat import Diffstat, Lines, with_lines
from docklet.domain.errors import ForgeError
from docklet.domain.outcome import (
    CommittedFile,
    FileChange,
    Others,
    Outcome,
    Published,
    Reason,
)
from docklet.domain.spec import Push
from docklet.pipeline.counting import MOST_FILES, PATIENCE, counted
from docklet.pipeline.create import Rental
from docklet.pipeline.run import run
from tests.builders import make_outcome, make_plan, make_published
from tests.fakes import FakeForge
from tests.worlds import FakeWorld, make_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes import FakeClock

RESULT = "inst/examples/example.md"
LINES = Lines(added=1, removed=0)
FILE = CommittedFile(path=RESULT, change=FileChange.NEW, size=10)


class SlowForge(FakeForge):
    """A forge that counts for so many seconds."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        super().__init__()
        self.lines[RESULT] = LINES
        self._clock, self._seconds = clock, seconds

    async def count_lines(self, sha: str) -> Diffstat:
        """Take a while."""
        await self._clock.sleep(self._seconds)
        return await super().count_lines(sha)


def counting(tmp_path: Path, seconds: float = 0.0) -> FakeWorld:
    """Return a world whose forge counts for so many seconds."""
    world = make_world(tmp_path)
    return replace(world, forge=SlowForge(world.clock, seconds))


async def ended(world: FakeWorld, *, takes: float, hurry: bool = False) -> Outcome:
    """End a run whose machine takes so many seconds to give back."""
    outcome, rental = make_outcome(published=make_published(files=(FILE,))), Rental()
    if hurry:
        rental.hurry.set()

    async def give() -> Outcome:
        await world.clock.sleep(takes)
        return outcome

    return await counted(give(), outcome, rental, world)


def told(outcome: Outcome) -> tuple[Lines | None, Lines | None]:
    """Return the lines that are told in all, and of the file."""
    assert outcome.published is not None
    (file,) = outcome.published.files
    return outcome.published.lines, file.lines


async def test_lines_of_a_run_are_told(tmp_path: Path) -> None:
    """A whole run says what its commit does to lines, and asks once."""
    world = counting(tmp_path)
    outcome = await run(make_plan(), world)
    assert outcome.reason is Reason.DONE
    assert told(outcome) == (LINES, LINES)
    assert world.forge.calls.count("count_lines") == 1


async def test_counting_takes_no_time(tmp_path: Path) -> None:
    """The forge counts while the machine is given back."""
    world = counting(tmp_path, 3.0)
    began = world.clock.now()
    assert told(await ended(world, takes=5.0)) == (LINES, LINES)
    assert world.clock.now() - began == 5.0


async def test_nobody_waits_for_long(tmp_path: Path) -> None:
    """A forge that counts for too long is no longer listened to."""
    world = counting(tmp_path, 3600.0)
    began = world.clock.now()
    assert told(await ended(world, takes=1.0)) == (None, None)
    assert world.clock.now() - began == 1.0 + PATIENCE


async def test_somebody_waits_a_little(tmp_path: Path) -> None:
    """Figures that are almost there are waited for."""
    world = counting(tmp_path, PATIENCE / 2)
    assert told(await ended(world, takes=0.0)) == (LINES, LINES)


async def test_nobody_waits_in_a_hurry(tmp_path: Path) -> None:
    """A run that is being stopped does without."""
    world = counting(tmp_path, 2.0)
    began = world.clock.now()
    assert told(await ended(world, takes=1.0, hurry=True)) == (None, None)
    assert world.clock.now() - began == 1.0


@pytest.mark.parametrize("error", [ForgeError("GitHub is down."), KeyError("files")], ids=repr)
async def test_forge_that_cannot_count(tmp_path: Path, error: Exception) -> None:
    """Nothing else of the outcome depends on it."""
    world = make_world(tmp_path)
    world.forge.failures["count_lines"] = [error]
    outcome = await run(make_plan(), world)
    assert outcome.reason is Reason.DONE
    assert not outcome.message
    assert told(outcome) == (None, None)


async def test_without_a_commit_nobody_asks(tmp_path: Path) -> None:
    """What was not pushed has no lines."""
    world = make_world(tmp_path)
    await run(make_plan(push=Push.NONE), world)
    assert "count_lines" not in world.forge.calls


@pytest.mark.parametrize(("more", "asked"), [(0, True), (1, False)])
async def test_commit_of_too_many_files(tmp_path: Path, more: int, *, asked: bool) -> None:
    """What GitHub would count in part only is not asked for."""
    others = Others(counts={FileChange.NEW: MOST_FILES - 1 + more})
    outcome = make_outcome(published=make_published(files=(FILE,), others=others))
    world = counting(tmp_path)

    async def give() -> Outcome:
        return outcome

    await counted(give(), outcome, Rental(), world)
    assert ("count_lines" in world.forge.calls) == asked


async def test_counting_ends_with_the_run(tmp_path: Path) -> None:
    """A run that is ended by an error of ours leaves no question behind."""
    world = counting(tmp_path, 3600.0)
    published = make_published(files=(FILE,))

    async def give() -> Outcome:
        await world.clock.sleep(1.0)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await counted(give(), make_outcome(published=published), Rental(), world)
    await world.clock.sleep(7200.0)
    assert world.forge.calls == []


def test_files_without_lines_keep_their_size() -> None:
    """Binary files have none, and the pointer of a file in Git LFS is not the file."""
    pointer = CommittedFile(path="model.pt", change=FileChange.NEW)
    gone = CommittedFile(path="old.csv", change=FileChange.DELETED)
    binary = CommittedFile(path="plot.png", change=FileChange.NEW, size=9)
    counts = {"model.pt": Lines(added=3, removed=0), "old.csv": Lines(added=0, removed=7)}
    total = Lines(added=3, removed=7)
    found = with_lines(
        Published(files=(pointer, gone, binary)), Diffstat(total=total, files=counts)
    )
    assert found.lines == total
    assert found.files == (pointer, replace(gone, lines=counts["old.csv"]), binary)
