"""Another process lets a script take longer; the run's own, and everybody else, go by that."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.errors import AgentError, CloudError, ConnectionLost, DockletError, Unreachable
from docklet.domain.extension import extended
from docklet.domain.firewall import TAG
from docklet.domain.identity import identity_of
from docklet.domain.outcome import Reason
from docklet.domain.triage import Action
from docklet.pipeline import steer
from docklet.pipeline.reap import discard, expired
from docklet.pipeline.run import run
from docklet.ports import Completed
from tests.builders import START, make_identity, make_plan, make_spec
from tests.desks import desk_in
from tests.machines import refusal
from tests.unit.test_sweep import left, swept
from tests.worlds import FakeWorld, make_world

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from docklet.domain.outcome import Outcome

HOUR = 3600
FIRST = int(START) + HOUR + 1800
OWN = make_identity(deadline=FIRST)
LATER = replace(OWN, deadline=FIRST + HOUR)
PLAN = make_plan(spec=make_spec(timeout=HOUR), identity=OWN)
BROKEN = ConnectionLost("The SSH connection broke.")
DOWN = CloudError("DigitalOcean is down.")


@pytest.fixture
def world(tmp_path: Path) -> FakeWorld:
    """Return a world whose script takes an hour and a half, and may take one."""
    made = make_world(tmp_path)
    made.machine.lasts = 1.5 * HOUR
    made.machine.unlimited = False
    return made


async def extend(world: FakeWorld, seconds: int = HOUR) -> float:
    """Give the run on the one droplet more time, as a comment does."""
    (droplet,) = await world.cloud.droplets()
    identity, office = identity_of(droplet.name, droplet.tags), desk_in(world).office
    assert identity is not None
    plan = await steer.plan_of(droplet, identity, office, world)
    more = extended(plan, identity.deadline, seconds)
    return await steer.extend(droplet, identity, more, office, world)


async def during(
    world: FakeWorld, *deeds: tuple[float, Callable[[FakeWorld], Awaitable[Any]]]
) -> tuple[Outcome, list[Any]]:
    """Do things at seconds of a run; return how the run ended, and what was said."""
    task, said = asyncio.ensure_future(run(PLAN, world)), []
    for second, deed in deeds:
        await world.clock.sleep(START + second - world.clock.now())
        try:
            said.append(await deed(world))
        except DockletError as error:
            said.append(error)
    return await task, said


def tags(world: FakeWorld) -> set[str]:
    """Return the tags of the one droplet, but for that of all droplets."""
    (droplet,) = world.cloud.live.values()
    return set(droplet.tags) - {TAG}


async def test_script_takes_longer(world: FakeWorld) -> None:
    """A script that would have been ended goes on to its own end; nothing of it is left."""
    outcome, (until,) = await during(world, (600, extend))
    assert outcome.reason is Reason.DONE
    assert world.machine.started is not None
    assert until == world.machine.started + 2 * HOUR
    assert not world.cloud.live
    assert not world.cloud.run_tags


async def test_without_it_the_limit_strikes(world: FakeWorld) -> None:
    """Nobody's script takes longer by itself."""
    outcome, _ = await during(world)
    assert outcome.reason is Reason.TIMED_OUT
    assert "its time limit of 1h and" in outcome.message


async def test_more_time_runs_out(world: FakeWorld) -> None:
    """The ending names the limit that was extended to."""
    world.machine.lasts = 3 * HOUR
    outcome, _ = await during(world, (600, extend))
    assert outcome.reason is Reason.TIMED_OUT
    assert "its time limit of 2h and" in outcome.message
    assert not world.cloud.run_tags


async def test_before_the_script_starts(world: FakeWorld) -> None:
    """Time that is given while the image is pulled counts from the script's start."""
    world.machine.takes["pull"] = 600.0
    outcome, _ = await during(world, (300, extend))
    assert outcome.reason is Reason.DONE


async def test_deadline_goes_first(world: FakeWorld) -> None:
    """When the droplet is told, nobody deletes it before the new deadline any more."""

    async def watched(world: FakeWorld) -> None:
        world.machine.takes["extend"] = 5.0
        telling = asyncio.ensure_future(extend(world))
        await world.clock.sleep(4.0)
        assert world.machine.calls[-1] == "extend"
        assert tags(world) == {OWN.tag, LATER.tag}
        droplets = await world.cloud.droplets()
        assert not expired(droplets, FIRST + HOUR)
        assert expired(droplets, FIRST + HOUR + 1)
        await telling

    outcome, (said,) = await during(world, (600, watched))
    assert said is None
    assert outcome.reason is Reason.DONE


async def test_again_and_again(world: FakeWorld) -> None:
    """Each time adds to the one before, whose tag goes; the first one stays to be found by."""
    world.machine.lasts = 2.5 * HOUR

    async def looked(world: FakeWorld) -> set[str]:
        return tags(world)

    outcome, said = await during(world, (600, extend), (1200, extend), (1300, looked))
    assert said[2] == {OWN.tag, replace(OWN, deadline=FIRST + 2 * HOUR).tag}
    assert outcome.reason is Reason.DONE
    assert not world.cloud.run_tags


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (AgentError("The disk is full.", kind="disk-full"), "The disk is full."),
        (refusal("disk-full", "The disk is full."), "The disk is full."),
    ],
    ids=["broken", "refused"],
)
async def test_droplet_that_can_not_be_told(
    world: FakeWorld, failure: Exception | Completed, told: str
) -> None:
    """The deadline is put back, and the answer says so."""
    world.machine.fail("extend", failure)

    async def looked(world: FakeWorld) -> set[str]:
        return tags(world)

    outcome, (error, left) = await during(world, (600, extend), (700, looked))
    assert error.message == f"{told} Nothing was changed."
    assert left == {OWN.tag}
    assert outcome.reason is Reason.TIMED_OUT


async def test_deadline_that_can_not_be_put_back(world: FakeWorld) -> None:
    """What is left then is said: until when the droplet may stay."""
    world.machine.fail("extend", refusal("disk-full", "The disk is full."))
    world.cloud.fail("delete_tag", DOWN)
    _, (error,) = await during(world, (600, extend))
    assert error.message.endswith("Its droplet may stay until 2023-11-15T00:43:20Z nevertheless.")


@pytest.mark.parametrize("commit", [False, True])
async def test_deadline_that_can_not_be_set(world: FakeWorld, *, commit: bool) -> None:
    """No droplet, no promise: the script is told nothing."""
    world.cloud.fail("add_tag", DOWN, commit=commit)

    async def looked(world: FakeWorld) -> set[str]:
        return tags(world)

    _, (error, left) = await during(world, (600, extend), (700, looked))
    assert error.message == "DigitalOcean is down. Nothing was changed."
    assert left == {OWN.tag}
    assert "extend" not in world.machine.calls


async def test_droplet_that_may_have_been_told(world: FakeWorld) -> None:
    """Whoever may have more time keeps its droplet; the answer says what is the case."""
    world.machine.fail("extend", BROKEN, times=99, commit=True)

    async def looked(world: FakeWorld) -> set[str]:
        return tags(world)

    outcome, (error, left) = await during(world, (600, extend), (700, looked))
    assert isinstance(error, Unreachable)
    assert "may stay until 2023-11-15T00:43:20Z in any case" in error.message
    assert left == {OWN.tag, LATER.tag}
    assert outcome.reason is Reason.DONE


async def test_lost_answers(world: FakeWorld) -> None:
    """Being told twice is being told once."""
    world.machine.fail("extend", BROKEN, times=3, commit=True)
    outcome, (until,) = await during(world, (600, extend))
    assert outcome.reason is Reason.DONE
    assert world.machine.started is not None
    assert until == world.machine.started + 2 * HOUR


@pytest.mark.parametrize("left", ["1e999", "NaN", "-5", "99999"])
async def test_droplet_that_tells_nonsense(world: FakeWorld, left: str) -> None:
    """Nobody is told of more time than the droplet's new deadline leaves."""
    answer = f'{{"extended": true, "left": {left}}}'.encode()
    world.machine.fail("extend", Completed(exit_code=0, stdout=answer, stderr=b""), commit=True)
    _, (until,) = await during(world, (600, extend))
    assert until in {LATER.deadline, START + 600}


async def test_too_late(world: FakeWorld) -> None:
    """A script that is being ended gets no more time, and its droplet's deadline stays."""

    async def stop_first(world: FakeWorld) -> float:
        await world.machine.answer("stop", b'{"grace": 30, "by": "ada"}\n')
        return await extend(world)

    world.machine.stubborn = True
    outcome, (error,) = await during(world, (600, stop_first))
    assert "is being ended, so it gets no more time. Nothing was changed." in error.message
    assert outcome.reason is Reason.CANCELLED
    assert not world.cloud.run_tags


async def test_script_that_has_ended(world: FakeWorld) -> None:
    """What has ended is not even asked."""
    world.machine.lasts = 60.0
    world.machine.takes["collect"] = 600.0
    _, (error,) = await during(world, (300, extend))
    assert "has ended already" in error.message
    assert "add_tag" not in world.cloud.calls


async def test_droplet_without_an_address(world: FakeWorld) -> None:
    """Where there is no way to the droplet yet, nothing is sent anywhere."""
    world.cloud.boot = 100.0
    _, (error,) = await during(world, (30, extend))
    assert "no address yet" in error.message
    assert not [call for call in world.access.addresses if not call]


async def test_record_that_is_forged(world: FakeWorld) -> None:
    """A droplet that lies about its run gets no more time for it."""

    async def forged(world: FakeWorld) -> float:
        world.machine.forge_record({"body": "{}", "seal": "x"})
        return await extend(world)

    _, (error,) = await during(world, (600, forged))
    assert isinstance(error, AgentError)
    assert "add_tag" not in world.cloud.calls


async def test_droplet_can_not_extend_its_own_life(world: FakeWorld) -> None:
    """What the droplet says of its time is believed by nobody: it goes when its time is up."""
    world.machine.unlimited, world.machine.lasts = True, 10.0 * HOUR

    async def lied(world: FakeWorld) -> None:
        await world.machine.answer("extend", b'{"limit": 99999}\n')

    outcome, _ = await during(world, (600, lied))
    assert outcome.reason is Reason.TIMED_OUT
    assert world.clock.now() < START + HOUR + 300
    assert not world.cloud.live


async def test_overdue_droplet_that_was_extended(world: FakeWorld) -> None:
    """A droplet that keeps no limit goes when the time that it was given is up."""
    world.machine.unlimited, world.machine.lasts = True, 10.0 * HOUR
    outcome, _ = await during(world, (600, extend))
    assert outcome.reason is Reason.TIMED_OUT
    assert START + 2 * HOUR < world.clock.now() < START + 2 * HOUR + 300
    assert world.seen.notices.count("another 1h 00m 00s") == 1


async def test_extended_without_a_connection(world: FakeWorld) -> None:
    """A run that has lost the droplet before learns from the cloud, and is there at the end."""

    async def cut(world: FakeWorld) -> float:
        until = await extend(world)
        world.machine.silences = [(world.clock.now() + 1, START + HOUR + 900)]
        return until

    outcome, _ = await during(world, (600, cut))
    assert outcome.reason is Reason.DONE


@pytest.mark.parametrize(("times", "reason"), [(4, Reason.DONE), (99, Reason.TIMED_OUT)])
async def test_cloud_that_is_silent_at_the_limit(
    world: FakeWorld, times: int, reason: Reason
) -> None:
    """It is asked for some minutes; when nobody says that the droplet may stay, it goes."""

    async def silenced(world: FakeWorld) -> None:
        world.cloud.fail("droplet", DOWN, times=times)

    outcome, _ = await during(world, (600, extend), (700, silenced))
    assert outcome.reason is reason
    assert not world.cloud.live


async def test_kept_droplet_leaves_no_tag(world: FakeWorld) -> None:
    """A droplet that was extended, then kept, takes all of its tags along."""

    async def keep(world: FakeWorld) -> str:
        (droplet,) = await world.cloud.droplets()
        return await steer.keep(droplet, OWN, desk_in(world).office, world)

    await during(world, (600, extend), (700, keep))
    (droplet,) = await world.cloud.droplets()
    identity = identity_of(droplet.name, droplet.tags)
    assert identity is not None
    assert identity.kept_until is not None
    await discard(droplet, identity, world)
    assert not world.cloud.run_tags


@pytest.mark.parametrize("ends", [1.8, 3.0])
async def test_run_that_is_left(tmp_path: Path, ends: float) -> None:
    """A sweep leaves a script its new time, then takes it up; it goes at its new deadline."""
    world = await left(tmp_path, "shell.start>", timeout=HOUR, identity=OWN)
    world.machine.lasts, world.machine.unlimited = ends * HOUR, ends > 2
    await extend(world)
    await world.clock.sleep(FIRST + 60 - world.clock.now())
    assert (await swept(world)).decision.action is Action.LEAVE
    await world.clock.sleep(LATER.deadline - 60 - world.clock.now())
    found = await swept(world)
    assert (found.decision.action is Action.TAKE_UP) == (ends < 2)
    await world.clock.sleep(120)
    if ends > 2:
        assert (await swept(world)).decision.action is Action.DELETE
    assert not world.cloud.live
    assert not world.cloud.run_tags
