"""The script runs once, its log is whole, and its end is what the droplet says."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.errors import (
    AgentError,
    CloudError,
    ConnectionLost,
    DockletError,
    HostKeyMismatch,
)
from docklet.domain.events import LogArrived
from docklet.domain.identity import RunKey
from docklet.domain.outcome import Reason
from docklet.domain.plan import Existing
from docklet.pipeline.create import Rental, create
from docklet.pipeline.execute import GRACE, execute, time_limit
from docklet.pipeline.follow import SILENCE
from docklet.pipeline.reach import boot
from tests.builders import KEY, START, make_plan, make_size
from tests.worlds import make_world

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.domain.ending import Ending
    from tests.worlds import FakeWorld

LOG = bytes(range(256)) * 40
CUT = ConnectionLost("It broke.")


async def executed(world: FakeWorld, **plan: Any) -> Ending:  # noqa: ANN401
    """Run the script of a plan on a droplet that boots at once."""
    world.cloud.boot = 0
    made = make_plan(**plan)
    agent = await boot(await create(made, Rental(), world), KEY, world)
    return await execute(made, agent, world, log=world.directory / "run.log", spent=0)


def assert_log_is_whole(world: FakeWorld) -> None:
    """Check that the log was taken over without a gap and without a repetition."""
    assert (world.directory / "run.log").read_bytes() == world.machine.log
    assert b"".join(event.data for event in world.seen.of(LogArrived)) == world.machine.log
    assert world.record.progress.log_bytes == len(world.machine.log)


@pytest.mark.parametrize(
    "cuts",
    [[], [0], [1], [len(LOG)], [0, 0, 0], [5, 5, 6, 4000, 4001, len(LOG)], [*range(0, 10240, 97)]],
    ids=["none", "before", "early", "end", "again", "few", "many"],
)
async def test_cut_connections(tmp_path: Path, cuts: list[int]) -> None:
    """Wherever the connection breaks, the log is whole and the script runs once."""
    world = make_world(tmp_path)
    world.machine.output = [(1, LOG[:4000]), (2, LOG[4000:4001]), (9, LOG[4001:])]
    world.machine.cuts = list(cuts)
    ending = await executed(world)
    assert ending.succeeded
    assert world.machine.starts == 1
    assert_log_is_whole(world)


async def test_long_silence_of_the_line(tmp_path: Path) -> None:
    """An hour without a connection is told once and costs nothing of the log."""
    world = make_world(tmp_path)
    world.machine.lasts = 7200
    world.machine.output = [(number * 60.0, b"%d\n" % number) for number in range(1, 120)]
    world.machine.silences = [(START + 600, START + 4200)]
    assert (await executed(world)).succeeded
    assert world.seen.notices.count("connection was lost") == 1
    assert world.cloud.calls.count("droplet") <= 62
    assert_log_is_whole(world)


async def test_six_hours_of_silence(tmp_path: Path) -> None:
    """A script that says nothing for six hours is followed to its last word."""
    world = make_world(tmp_path)
    world.machine.lasts = 6 * 3600 + 20
    world.machine.output = [(1.0, b"begun\n"), (6 * 3600 + 10.0, b"done\n")]
    assert (await executed(world, timeout=7 * 3600)).succeeded
    assert not world.seen.notices
    assert_log_is_whole(world)


@pytest.mark.parametrize("verb", ["start", "ending"])
@pytest.mark.parametrize("commit", [False, True])
async def test_lost_answers(tmp_path: Path, verb: str, *, commit: bool) -> None:
    """Starting again what was started is starting once."""
    world = make_world(tmp_path)
    world.machine.fail(verb, CUT, times=3, commit=commit)
    assert (await executed(world)).succeeded
    assert world.machine.starts == 1


@pytest.mark.parametrize("cloud", ["gone", "off", "silent", "there"])
async def test_droplet_is_lost(tmp_path: Path, cloud: str) -> None:
    """A droplet that is gone is known within two minutes; one that may be there is waited for."""
    world = make_world(tmp_path)
    world.machine.lasts = 3600
    world.machine.silences = [(START + 100, 10**12)]

    async def misfortune() -> None:
        await world.clock.sleep(100)
        ((number, droplet),) = world.cloud.live.items()
        if cloud == "gone":
            del world.cloud.live[number]
        if cloud == "off":
            world.cloud.boot = 10**6
            object.__setattr__(droplet, "status", "off")
        if cloud == "silent":
            world.cloud.fail("droplet", CloudError("The cloud is down."), times=999)

    accident = asyncio.ensure_future(misfortune())
    with pytest.raises(DockletError) as caught:
        await executed(world, timeout=3600)
    await accident
    lost = cloud in {"gone", "off"}
    assert caught.value.reason is (Reason.DROPLET_LOST if lost else Reason.UNREACHABLE)
    patience = 70 + SILENCE if cloud == "silent" else 70
    assert world.clock.now() <= START + (220 if lost else 3600 + GRACE + patience)
    assert lost or world.clock.now() >= START + 3600


async def test_supervisor_died(tmp_path: Path) -> None:
    """When the supervisor is dead, the machine says how that came, and the log is still whole."""
    world = make_world(tmp_path)
    world.machine.abandoned = True
    world.machine.ending = {"kind": "lost", "exit_code": None, "message": "It was rebooted."}
    ending = await executed(world)
    assert (ending.kind, ending.message) == ("lost", "It was rebooted.")
    assert_log_is_whole(world)


async def test_no_ending_at_all(tmp_path: Path) -> None:
    """A machine that does not know how the script ended has lost it."""
    world = make_world(tmp_path)
    world.machine.fail("follow", AgentError("Odd.", kind="exit-9"), times=99)
    world.machine.lasts = 10**6
    with pytest.raises(AgentError) as caught:
        await executed(world)
    assert caught.value.reason is Reason.DROPLET_LOST


async def test_killed_follower(tmp_path: Path) -> None:
    """That the program which sends the log was killed says nothing about the script."""
    world = make_world(tmp_path)
    world.machine.output = [(1, b"a\n"), (50, b"b\n"), (60, b"c\n")]
    world.machine.lasts = 70
    world.machine.fail("follow", AgentError("Killed.", kind="exit-137"), commit=True)
    world.machine.fail("follow", AgentError("Killed.", kind="exit-137"), times=2)
    assert (await executed(world)).succeeded
    assert_log_is_whole(world)


async def test_script_that_nobody_ends(tmp_path: Path) -> None:
    """A droplet that does not keep the time limit does not get more than a minute more."""
    world = make_world(tmp_path)
    world.machine.lasts = 10**7
    with pytest.raises(AgentError) as caught:
        await executed(world, timeout=600)
    assert caught.value.reason is Reason.TIMED_OUT
    assert 600 <= world.clock.now() - START <= 600 + GRACE + 70


async def test_stranger_takes_over(tmp_path: Path) -> None:
    """Somebody else's host key behind the address ends it at once."""
    world = make_world(tmp_path)
    world.machine.cuts = [2]

    async def swap() -> None:
        await world.clock.sleep(0.9)
        world.machine.shown_key = "ssh-ed25519 somebody-else"

    swapped = asyncio.ensure_future(swap())
    with pytest.raises(HostKeyMismatch):
        await executed(world)
    assert world.clock.now() < START + 10
    await swapped


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"kind": 1, "exit_code": "x"}, None),
        ({"kind": "exited", "exit_code": 0, "usage": "much"}, None),
        ({"exit_code": 0}, None),
        ({"kind": "exited", "exit_code": 0, "finished": None, "usage": None}, "exited"),
    ],
    ids=str,
)
async def test_odd_endings(tmp_path: Path, answer: dict[str, object], kind: str | None) -> None:
    """What the machine says is data: an answer that makes no sense is an error, not a crash."""
    world = make_world(tmp_path)
    world.machine.ending = answer
    if kind is None:
        with pytest.raises(AgentError):
            await executed(world)
    else:
        assert (await executed(world)).kind == kind


UNTIL = Existing(droplet_id=7, address="", known_by=RunKey("f" * 20), until=int(START) + 1060)


@pytest.mark.parametrize(
    ("plan", "spent", "limit"),
    [
        ({"timeout": 600}, 0, 600),
        ({"timeout": 600}, 300, 600),
        ({"timeout": 7200, "max_cost": Decimal(1)}, 0, 3600),
        ({"timeout": 7200, "max_cost": Decimal(1)}, 600, 3000),
        ({"timeout": 600, "max_cost": Decimal(1)}, 600, 600),
        ({"timeout": 7200, "max_cost": Decimal(1)}, 99999, 1),
        ({"timeout": 7200, "existing": UNTIL}, 0, 1000),
    ],
)
def test_time_limit(plan: dict[str, Any], spent: float, limit: int) -> None:
    """A script gets its own limit, what the money is worth, or the machine's time."""
    made = make_plan(size=make_size(price_hourly=Decimal(1)), **plan)
    assert time_limit(made, spent, START) == limit


async def test_start_request(tmp_path: Path) -> None:
    """The droplet gets the limit itself, the user's environment, and nothing of ours."""
    world = make_world(tmp_path)
    await executed(world, timeout=600)
    request = world.machine.requests["start"]
    assert (request["timeout"], request["metadata_open"]) == (600, False)
    assert request["private_network"] is False
    assert b"canary" not in world.machine.received["start"]
