"""`docklet reap` and runs that lost their process on a machine that was there before them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.errors import ConnectionLost
from docklet.domain.identity import RunKey
from docklet.domain.outcome import Reason, exit_code_of
from docklet.domain.secret import Secret
from docklet.domain.triage import FORGOTTEN, Action, Workflow
from docklet.entrypoints.commands.reap import look, reap
from docklet.pipeline.existing import host
from docklet.pipeline.guests import see_to_guests, survey_guests
from docklet.pipeline.lease import OWNER, record_of, sealed
from docklet.pipeline.reach import HOMES
from docklet.pipeline.sweep import BETWEEN
from docklet.ports import Completed
from docklet.render.comment import is_open
from tests.builders import KEY, START, make_droplet, make_plan, make_spec
from tests.desks import desk_in
from tests.mortal import Life
from tests.unit.test_adopted_stays import CHANGES, HOST
from tests.unit.test_crash import lived
from tests.unit.test_stayed import HERE
from tests.unit.test_stayed import OWNER as FIRST
from tests.unit.test_sweep import PROTECTED, comment
from tests.worlds import FakeWorld, make_world

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.pipeline.guests import Guest
    from docklet.ports import Droplet

RESULT = "inst/examples/example.md"
WEB = make_droplet(droplet_id=7, name="web-1", tags=("web", HOST.tag), address="203.0.113.7")
OTHER = RunKey("e" * 20)
NAMES = f"{OTHER} {KEY} {FIRST} lost+found ../..\n".encode()
LATER = 1000.0


def account(folder: Path, droplet: Droplet) -> FakeWorld:
    """Return a world with a machine on which there are runs."""
    world = make_world(folder)
    world.cloud.add(droplet)
    world.access.machine.shown_key = HOST.line if droplet is WEB else ""
    world.machine.fail(HOMES, Completed(exit_code=0, stdout=NAMES, stderr=b""), times=99)
    return world


async def killed(
    folder: Path,
    moment: str = "shell.follow>",
    droplet: Droplet = WEB,
    **spec: Any,  # noqa: ANN401
) -> FakeWorld:
    """Return a world in which a run's process died at a moment, on a machine that stays."""
    number, whole = droplet.droplet_id, Life()
    there = host(droplet, START)
    plan = make_plan(spec=make_spec(droplet=str(number), **spec), existing=there)
    await lived(plan, account(folder, droplet), whole)
    world = account(folder, droplet)
    await lived(plan, world, Life(whole.steps.index(moment) + 1))
    await world.clock.sleep(LATER)
    return world


async def seen_to(world: FakeWorld, **desk: Any) -> Guest:  # noqa: ANN401
    """See to the only run there."""
    made = desk_in(world, **desk)
    (found,) = await see_to_guests(made.office, made.hands, made.site)
    return found


@pytest.mark.parametrize("droplet", [WEB, HERE], ids=["adopted", "kept"])
async def test_finished_script(
    tmp_path: Path, droplet: Droplet, capsys: pytest.CaptureFixture[str]
) -> None:
    """`docklet reap` alone pushes and reports its results; its folder goes, the machine stays."""
    world = await killed(tmp_path, droplet=droplet)
    assert await look(desk_in(world)) == 0
    assert world.repository.show(RESULT) is None
    assert await reap(desk_in(world)) == 0
    assert world.repository.show(RESULT) == b"# Results\n"
    assert (world.directory / "run.log").read_bytes() == world.machine.log
    assert "\u2705 **The script succeeded.**" in comment(world)
    assert "$" not in comment(world)
    assert world.machine.cleaned
    assert list(world.cloud.live.values()) == [droplet]
    assert not CHANGES & set(world.cloud.calls)
    place = f"{KEY[:10]} on {droplet.name}, droplet {droplet.droplet_id}: "
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith(place)]
    assert [line[len(place) :].partition(";")[0] for line in told] == [
        "would be finished",
        "finished",
    ]


async def test_secrets_stay_secret(tmp_path: Path) -> None:
    """The record has no value in the clear, and who takes it up keeps values out of commits."""
    env = {"KEY": Secret("canary-of-the-script")}
    world = await killed(tmp_path, env=env)
    assert b"canary" not in world.machine.received["hold"]
    assert b"canary" not in json.dumps(world.machine.requests["start"]["record"]).encode()
    world.produce({"env.txt": b"KEY=canary-of-the-script", "fine.csv": b"1"})
    assert (await seen_to(world)).decision.action is Action.TAKE_UP
    assert world.repository.show("fine.csv") == b"1"
    assert world.repository.show("env.txt") is None


@pytest.mark.parametrize("workflow", Workflow)
async def test_script_that_goes_on(tmp_path: Path, workflow: Workflow) -> None:
    """It is left to its end, and its comment too, unless its workflow run was cancelled."""
    world = await killed(tmp_path, "shell.start>")
    world.machine.lasts = 20_000
    world.forge.workflows[42] = workflow
    world.forge.edited = dict.fromkeys(world.forge.comments, START)
    await world.clock.sleep(8000)
    cancelled = workflow is Workflow.CANCELLED
    assert await reap(desk_in(world)) == 0
    assert world.machine.cleaned == cancelled
    assert is_open(comment(world)) != cancelled
    assert not cancelled or "what it had begun on the droplet was removed" in comment(world)


async def test_script_that_never_began(tmp_path: Path) -> None:
    """What a run that died before its script has put there is removed."""
    world = await killed(tmp_path, "shell.unpack>")
    assert (await seen_to(world)).decision.action is Action.DELETE
    assert world.machine.cleaned
    assert "so nothing was run" in comment(world)
    assert "$" not in comment(world)


async def test_live_runs_are_never_touched(tmp_path: Path) -> None:
    """Signs of life count there as anywhere else, and between the two looks as well."""
    world = await killed(tmp_path)
    shell = world.access.shell(WEB.address, world.access.adopted_keys(7, HOST))
    sent = json.dumps({"holder": OWNER, "over": None}).encode() + b"\n"
    await shell.run(["python3", "/x/agent.pyz", "hold"], stdin=sent)
    found = await seen_to(world)
    assert found.decision.why == "is in the hands of a run that goes on"
    assert not world.machine.cleaned


@pytest.mark.parametrize("event", ["alive", "let go"])
async def test_what_happens_between_the_looks(tmp_path: Path, event: str) -> None:
    """A late sign of life saves a run from a sweep; a machine that is let go is not spoken to."""
    world = await killed(tmp_path)
    sweeping = asyncio.ensure_future(seen_to(world))
    await world.clock.sleep(BETWEEN / 2)
    if event == "alive":
        shell = world.access.shell(WEB.address, world.access.adopted_keys(7, HOST))
        sent = json.dumps({"holder": OWNER, "over": None}).encode() + b"\n"
        await shell.run(["python3", "/x/agent.pyz", "hold"], stdin=sent)
    else:
        world.cloud.live[7] = replace(WEB, tags=("web",))
    whys = {"alive": "is in the hands of a run that goes on", "let go": "is gone already"}
    assert (await sweeping).decision.why == whys[event]
    assert not world.machine.cleaned


async def test_run_that_has_no_trouble_is_the_same_as_before(tmp_path: Path) -> None:
    """A run there leaves signs of life and a record, which go with its folder."""
    world, there = account(tmp_path, WEB), host(WEB, START)
    await lived(make_plan(existing=there, droplet="7"), world, Life())
    assert "hold" in world.machine.calls
    assert world.machine.calls[-1] == "clean"
    assert await survey_guests(desk_in(world).office, world) == ()


@pytest.mark.parametrize("what", ["repository", "machine", "own", "run", "seal"])
async def test_records_that_do_not_count(tmp_path: Path, what: str) -> None:
    """One of another repository, machine or run is not touched, nor one that was made up."""
    world = await killed(tmp_path)
    office = desk_in(world).office
    if what == "repository":
        office = desk_in(world, repository="octo/other").office
    elsewhere = {"machine": replace(WEB, droplet_id=8), "own": None}.get(what, WEB)
    there = None if elsewhere is None else host(elsewhere, START)
    key = RunKey("d" * 20) if what == "run" else KEY
    record = json.loads(json.dumps(world.machine.requests["start"]["record"]))
    if what in {"machine", "own", "run"}:
        plan = make_plan(existing=there, droplet="7")
        plan = replace(plan, identity=replace(plan.identity, key=key))
        record = sealed(record_of(plan, world), world.access)
    if what == "seal":
        record["body"] = record["body"].replace("s-2vcpu-4gb", "s-1vcpu-2gb")
    world.machine.forge_record(record)
    assert await survey_guests(office, world) == ()
    hands = desk_in(world).hands
    assert await see_to_guests(office, hands, world) == ()
    assert world.repository.show(RESULT) is None


async def test_old_records_are_good_for_nothing(tmp_path: Path) -> None:
    """Long after its deadline a run is not taken up, and its comment is closed."""
    world = await killed(tmp_path)
    await world.clock.sleep(6 * 3600 + FORGOTTEN)
    world.forge.edited = dict.fromkeys(world.forge.comments, START)
    assert (await seen_to(world)).decision.why.startswith("is over for too long")
    assert await reap(desk_in(world)) == 0
    assert world.repository.show(RESULT) is None
    assert not world.machine.cleaned
    assert not is_open(comment(world))
    assert "nobody knows how the script ended" in comment(world)


async def test_results_that_nobody_takes(tmp_path: Path) -> None:
    """They stay there for the next sweep, and the exit code says so."""
    world = await killed(tmp_path)
    world.repository.answers = [PROTECTED] * 2
    assert await reap(desk_in(world)) == exit_code_of(Reason.NOT_DELETED)
    assert not world.machine.cleaned
    assert is_open(comment(world))
    assert f"is in {tmp_path / 'results.tar'}." in world.seen.notices
    await world.clock.sleep(600)
    assert await reap(desk_in(world, holder="second")) == 0
    assert world.repository.show(RESULT) == b"# Results\n"
    assert world.machine.cleaned


@pytest.mark.parametrize("change", ["off", "untagged", "twice", "unreachable", "no folder"])
async def test_machines_that_are_not_asked(tmp_path: Path, change: str) -> None:
    """What is off, was let go or does not answer is left alone, once for all runs on it."""
    world = await killed(tmp_path)
    before = len(world.machine.calls)
    tags = {"untagged": ("web",), "twice": (HOST.tag, f"docklet:host-key:{'1' * 64}")}
    status = "off" if change == "off" else "active"
    world.cloud.live[7] = replace(WEB, status=status, tags=tags.get(change, WEB.tags))
    if change == "unreachable":
        world.machine.silences = [(0.0, 10**12)]
    if change == "no folder":
        absent = Completed(exit_code=2, stdout=NAMES, stderr=b"No such file or directory")
        world.machine._queue[HOMES] = [(absent, False)]  # noqa: SLF001
    assert await survey_guests(desk_in(world).office, world) == ()
    asked = change in {"unreachable", "no folder"}
    assert len(world.machine.calls) == before + asked
    assert ("Runs on web-1 can't be looked for" in world.seen.notices) == (change == "unreachable")


async def test_without_a_repository_nothing_is_asked(tmp_path: Path) -> None:
    """Who can't push has no business there."""
    world = await killed(tmp_path)
    before = len(world.machine.calls)
    assert await survey_guests(desk_in(world, repository="").office, world) == ()
    assert len(world.machine.calls) == before


async def test_machine_that_breaks_between_the_looks(tmp_path: Path) -> None:
    """It is told, and costs nobody else anything."""
    world = await killed(tmp_path)
    world.machine.fail("hold", ConnectionLost("It broke."), times=9)
    found = await seen_to(world)
    assert found.failed
    assert "It broke." in world.seen.notices


async def test_two_sweeps_at_once(tmp_path: Path) -> None:
    """Of several sweeps one finishes the run."""
    world = await killed(tmp_path)
    found = await asyncio.gather(*(seen_to(world, holder=f"sweep-{each}") for each in range(3)))
    acted = [one.decision.action for one in found]
    assert acted.count(Action.TAKE_UP) == 1
    assert world.machine.calls.count("collect") == 1
