"""A run never fills the disk of whoever collects it, and says what it had no room for."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from docklet.domain.errors import AgentError
from docklet.domain.outcome import Reason
from docklet.droplet.changes import Change, Changes, LeftOut
from docklet.droplet.room import fit
from docklet.pipeline import collect as collecting
from docklet.pipeline import execute as executing
from docklet.pipeline.agent import Agent
from docklet.pipeline.collect import collect
from docklet.pipeline.room import room_for
from docklet.pipeline.run import run
from tests.builders import make_plan
from tests.worlds import make_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.worlds import FakeWorld

LOG = b"0123456789\n" * 1000


def changes() -> Changes:
    """Return two files for the commit, and two that are only kept."""
    big, small = Change(b"big", "100644", 90_000), Change(b"small", "100755", 10)
    huge, flow = Change(b"huge", "100644", 500_000), Change(b"flow", "100644", 10)
    spare = [LeftOut(b"huge", "too large", huge), LeftOut(b"flow", "a workflow", flow)]
    found = Changes()
    for change in (big, small):
        found.changed.append(change)
    for one in (*spare, LeftOut(b".git", "its name")):
        found.left_out.append(one)
    return found


@pytest.mark.parametrize("room", [0, 1_000_000])
def test_room_for_all(room: int) -> None:
    """With room for everything, or none named, everything is sent."""
    found = fit(changes(), room)
    assert [*found.changed] == [*changes().changed]
    assert [*found.left_out] == [*changes().left_out]


def test_commit_goes_first() -> None:
    """What does not fit is named and counts as lost; smaller files behind it still fit."""
    found = fit(changes(), 100_000)
    assert [one.path for one in found.changed] == [b"big", b"small"]
    assert [(one.path, one.lost) for one in found.left_out] == [
        (b"huge", True),
        (b"flow", False),
        (b".git", False),
    ]
    found = fit(found, 5_000)
    assert [one.path for one in found.changed] == [b"small"]
    lost = {one.path: one.reason for one in found.left_out if one.lost}
    assert set(lost) == {b"huge", b"big"}
    assert all("room for 0.0 GB of results" in reason for reason in lost.values())


def test_some_of_the_disk_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git stores what is committed once more, so that much is left, but half can be used."""
    for free, room in ((0, 1), (1000, 500), (100 * 1024**3, 97 * 1024**3)):
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr("shutil.disk_usage", lambda _, usage=usage: usage)
        assert room_for(tmp_path) == room


async def collected(world: FakeWorld, folder: Path) -> AgentError:
    """Collect in vain."""
    agent = Agent(world.host, "/home", world.clock)
    with pytest.raises(AgentError) as caught:
        await collect(make_plan(), agent, world, folder / "results.tar")
    assert caught.value.reason is Reason.NOT_COLLECTED
    return caught.value


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return [path.name for path in folder.iterdir()]


async def test_flood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that sends more than there is room for is not listened to any longer."""
    monkeypatch.setattr(collecting, "MANIFEST_ROOM", 500)
    monkeypatch.setattr(collecting, "room_for", lambda _: 1024)
    error = await collected(make_world(tmp_path), tmp_path)
    assert not names(tmp_path)
    assert "1.0 KiB, which is all that this machine has room for" in error.message


@contextmanager
def full_disk(after: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (after, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_archive_on_a_full_disk(tmp_path: Path) -> None:
    """Results that can't be saved are told as such, and leave no half archive."""
    world = make_world(tmp_path)
    with full_disk(1000):
        error = await collected(world, tmp_path)
    assert "could not be saved on this machine. It says: File too large." in error.message


@pytest.mark.parametrize("limited", ["room", "disk"])
async def test_log_without_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limited: str
) -> None:
    """A log that finds no room is cut in its file alone; the run and its results go on."""
    world = make_world(tmp_path)
    world.machine.output = [(number * 1.0, LOG) for number in range(9)]
    world.produce({"a.txt": b"a"})
    if limited == "room":
        monkeypatch.setattr(executing, "room_for", lambda _: 40_000)
        outcome = await run(make_plan(), world)
    else:
        with full_disk(20_000):
            outcome = await run(make_plan(), world)
    assert outcome.reason is Reason.DONE
    assert (tmp_path / "run.log").read_bytes() == (LOG * 9)[:20_000]
    assert world.record.progress.log_bytes == 9 * len(LOG)
    assert world.seen.notices.count("The log's file ends after 19.5 KiB") == 1
