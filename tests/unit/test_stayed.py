"""The post step of a run on a droplet that was there before: results home, the rest removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from docklet.domain.identity import RunKey
from docklet.domain.plan import Existing
from docklet.entrypoints.cleanup import KEY_STATE, settled_there
from docklet.entrypoints.stayed import settle_there
from docklet.ports import Completed, PushAnswer, PushVerdict
from docklet.render.comment import is_open
from tests.builders import KEY, SHA, START, make_droplet, make_plan, make_spec, make_trigger
from tests.desks import desk_in
from tests.mortal import Life
from tests.unit.test_crash import lived
from tests.unit.test_sweep import comment
from tests.unit.test_trigger import ENVIRON
from tests.worlds import FakeWorld, make_world

if TYPE_CHECKING:
    from pathlib import Path

OWNER = RunKey("f" * 20)
UNTIL = int(START) + 10**6
HERE = make_droplet(key=OWNER, kept_until=UNTIL, address="203.0.113.7")
THERE = Existing(droplet_id=4711, address="203.0.113.7", known_by=OWNER, until=UNTIL)
STATE = f"STATE_{KEY_STATE}"
RESULT = "inst/examples/example.md"


async def killed(folder: Path, moment: str) -> FakeWorld:
    """Return a world in which a run on a kept droplet was killed at a moment."""
    plan, whole = make_plan(existing=THERE, droplet="4711"), Life()
    first = make_world(folder)
    first.cloud.add(HERE)
    await lived(plan, first, whole)
    world = make_world(folder)
    world.cloud.add(HERE)
    await lived(plan, world, Life(whole.steps.index(moment) + 1))
    await world.clock.sleep(60)
    return world


async def settled(world: FakeWorld) -> bool:
    """Run the post step."""
    return await settle_there(make_spec(droplet="4711"), make_trigger(), KEY, desk_in(world))


async def test_finished_script(tmp_path: Path) -> None:
    """Its results are pushed and reported, its folder goes, and the droplet stays."""
    world = await killed(tmp_path, "shell.follow>")
    assert world.repository.show(RESULT) is None
    assert await settled(world)
    assert world.repository.show(RESULT) == b"# Results\n"
    assert "\u2705 **The script succeeded.**" in comment(world)
    assert (world.directory / "run.log").read_bytes() == world.machine.log
    assert world.machine.cleaned
    assert "has taken up this run" not in comment(world)
    assert "$" not in comment(world)  # it would have been there without the run
    assert list(world.cloud.live) == [4711]
    assert not {"delete", "add_tag"} & set(world.cloud.calls)


@pytest.mark.parametrize("moment", ["shell.install>", "shell.unpack>", "shell.start>"])
async def test_script_that_goes_on(tmp_path: Path, moment: str) -> None:
    """What a killed run began there ends and goes, and the comment says so."""
    world = await killed(tmp_path, moment)
    world.machine.lasts = 10_000
    assert await settled(world)
    assert world.machine.cleaned
    assert not is_open(comment(world))
    assert "What it had begun on the droplet was removed" in comment(world)
    assert list(world.cloud.live) == [4711]


async def test_machine_that_is_mute(tmp_path: Path) -> None:
    """What can't be asked is left, and the user learns where it is."""
    world = await killed(tmp_path, "shell.follow>")
    world.machine.takes = {"look": 10**6}
    before = world.clock.now()
    assert await settled(world)
    assert "may go on until its time limit" in world.seen.notices
    assert world.clock.now() < before + 20


async def test_results_that_nobody_takes(tmp_path: Path) -> None:
    """Results that can't be pushed stay on the machine, which is told."""
    world = await killed(tmp_path, "shell.follow>")
    refused = PushAnswer(verdict=PushVerdict.DENIED, detail="No.")
    world.repository.answers = [refused] * 9
    assert await settled(world)
    assert not world.machine.cleaned
    assert "They are still on the droplet, in /var/lib/docklet/" in world.seen.notices


async def test_nothing_began_there(tmp_path: Path) -> None:
    """A run that died before it got there leaves nothing to remove."""
    world = make_world(tmp_path)
    world.cloud.add(HERE)
    absent = Completed(exit_code=1, stdout=b"", stderr=b"")
    world.machine.fail(f"/var/lib/docklet/{KEY}/agent.pyz", absent)
    assert await settled(world)
    assert "clean" not in world.machine.calls


@pytest.mark.parametrize(
    ("lacks", "there"),
    [((), True), (("droplet",), False), ((STATE,), False), (("script",), False)],
    ids=str,
)
async def test_post_step_knows_such_a_run(
    tmp_path: Path, lacks: tuple[str, ...], *, there: bool
) -> None:
    """The job's own inputs and the saved key are all that it takes."""
    world = await killed(tmp_path, "shell.follow>")
    raw = {"script": "knit.R", "droplet": "4711", "digitalocean-token": "t", "github-token": "g"}
    state = {STATE: KEY, **ENVIRON, "GITHUB_REPOSITORY": "octo/template", "GITHUB_SHA": SHA}
    given = {name: value for name, value in raw.items() if name not in lacks}
    known = {name: value for name, value in state.items() if name not in lacks}
    assert await settled_there(given, known, desk_in(world)) == there
    assert world.machine.cleaned == there


async def test_post_step_without_a_repository(tmp_path: Path) -> None:
    """Without a token of the repository nothing could be pushed."""
    world = await killed(tmp_path, "shell.follow>")
    raw, state = {"script": "knit.R", "droplet": "4711"}, {STATE: KEY, **ENVIRON}
    assert not await settled_there(raw, state, desk_in(world, repository=""))
