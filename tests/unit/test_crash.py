"""A run's process is killed at every call that it makes; afterwards a sweep alone sees to it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from docklet.bot.status import StatusComment
from docklet.domain.spec import Push
from docklet.domain.triage import Action
from docklet.pipeline.reap import drop_unused_tags
from docklet.pipeline.run import run
from docklet.pipeline.sweep import sweep
from docklet.render.comment import is_open
from docklet.render.links import Links
from tests.builders import make_plan
from tests.desks import desk_in
from tests.mortal import Killed, Life, mortal_world
from tests.worlds import make_world

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.domain.plan import Plan
    from tests.worlds import FakeWorld

LINKS = Links(server_url="https://github.com", repository="octo/template")
HOURS = 8


async def lived(plan: Plan, world: FakeWorld, life: Life) -> None:
    """Carry a run out for as long as its process lives."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # of tasks nobody awaits
    forge = mortal_world(world, life).forge
    status = StatusComment(forge, world.clock, LINKS, notice=lambda _: None)
    with suppress(Killed):
        await run(plan, mortal_world(world, life, status, world.seen))
    with suppress(Killed):
        if not life.is_over:
            await status.finish()


async def swept(world: FakeWorld) -> None:
    """Sweep once an hour until everything must be over."""
    world.forge.edited = dict.fromkeys(world.forge.comments, world.clock.now())
    for number in range(HOURS):
        desk = desk_in(world, holder=f"sweep-{number}")
        found = await sweep(desk.office, desk.hands, desk.site)
        await desk.close_forgotten(one.key for one in found)
        await world.clock.sleep(3600)
    await drop_unused_tags(world)


async def moments(plan: Plan, folder: Path) -> list[str]:
    """Return what a whole life consists of."""
    life = Life()
    await lived(plan, make_world(folder), life)
    return life.steps


def assert_in_order(world: FakeWorld, moment: str) -> None:
    """Check that the world is as if a run had ended, whatever became of it."""
    states = ["", *(state for _, state, _, _ in world.forge.statuses)]
    wrong = {
        "droplets": len(world.cloud.live),
        "tags": len(world.cloud.run_tags),
        "second containers": max(0, world.machine.starts - 1),
        "second comments": max(0, len(world.forge.comments) - 1),
        "open comments": sum(map(is_open, world.forge.comments.values())),
        "pending statuses": int(states[-1] == "pending"),
    }
    assert not any(wrong.values()), (moment, wrong)


def pushed(world: FakeWorld) -> set[str]:
    """Return the commits that are on branches."""
    found: set[str] = set()
    for head in world.repository.branches.values():
        sha = head
        while sha:
            found.add(sha)
            sha = world.repository.commits[sha].parent
    return found


@pytest.mark.parametrize("push", [Push.BRANCH, Push.PULL_REQUEST])
async def test_killed_at_every_call(tmp_path: Path, push: Push) -> None:
    """No moment leaves a droplet, a tag or a wrong comment; what was started is published once."""
    plan = make_plan(push=push)
    branch = "main" if push is Push.BRANCH else plan.fallback_branch
    names = await moments(plan, tmp_path)
    assert len(names) > 40
    for number, moment in enumerate(names, start=1):
        world = make_world(tmp_path)
        await lived(plan, world, Life(number))
        await swept(world)
        assert_in_order(world, moment)
        if world.machine.starts:
            (body,) = world.forge.comments.values()
            assert "**The script succeeded" in body or "had been pushed" in body, (moment, body)
            shown = world.repository.show("inst/examples/example.md", branch)
            assert (shown, len(pushed(world))) == (b"# Results\n", 2), moment


async def test_live_runs_are_never_touched(tmp_path: Path) -> None:
    """A sweep at any second of a run changes nothing for it."""
    for second in range(0, 60, 3):
        world = make_world(tmp_path)
        going = asyncio.ensure_future(lived(make_plan(), world, Life()))
        await world.clock.sleep(second)
        desk = desk_in(world)
        await sweep(desk.office, desk.hands, desk.site)
        await going
        assert_in_order(world, str(second))
        assert world.repository.show("inst/examples/example.md") == b"# Results\n"
        assert "taken" not in world.seen.notices


async def test_two_sweeps_at_once(tmp_path: Path) -> None:
    """Of several sweeps at the same time one finishes a run; the comment is made once."""
    world = make_world(tmp_path)
    names = await moments(make_plan(), tmp_path)
    world = make_world(tmp_path)
    await lived(make_plan(), world, Life(names.index("shell.follow>") + 1))
    await world.clock.sleep(1000)
    desks = [desk_in(world, holder=f"sweep-{number}") for number in range(4)]
    found = await asyncio.gather(*(sweep(one.office, one.hands, one.site) for one in desks))
    acted = [one.decision.action for each in found for one in each]
    assert sorted(acted).count(Action.TAKE_UP) == 1
    assert_in_order(world, "two")
    assert len(pushed(world)) == 2
