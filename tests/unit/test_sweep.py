"""A sweep: what it takes up, what it leaves alone, and what it never loses."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.diffstat import Lines
from docklet.domain.errors import CloudError, ConnectionLost, ForgeError, GitError
from docklet.domain.identity import RunKey, kept_tag
from docklet.domain.outcome import Reason
from docklet.domain.secret import Secret
from docklet.domain.spec import Keep, Push
from docklet.domain.triage import Action, Workflow
from docklet.pipeline import takeup
from docklet.pipeline.examine import agent_on
from docklet.pipeline.keep import seal
from docklet.pipeline.lease import OWNER
from docklet.pipeline.rescue import rescue
from docklet.pipeline.sweep import BETWEEN, survey, sweep
from docklet.ports import PushAnswer, PushVerdict
from docklet.render.comment import is_open
from tests.builders import KEY, START, make_droplet, make_plan, make_spec
from tests.desks import FakeDesk, desk_in
from tests.mortal import Life
from tests.unit.test_crash import lived
from tests.worlds import FakeWorld, make_world

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.pipeline.sweep import Found

RUN = 42
LATER = 1000.0
PROTECTED = PushAnswer(verdict=PushVerdict.DENIED, detail="The token may not.")


async def left(folder: Path, moment: str = "shell.follow>", **plan: Any) -> FakeWorld:  # noqa: ANN401
    """Return a world in which a run's process died at a moment, some time ago."""
    made = make_plan(**plan)
    whole = Life()
    await lived(made, make_world(folder), whole)
    world = make_world(folder)
    world.repository.branches["results"] = world.repository.branches["main"]
    await lived(made, world, Life(whole.steps.index(moment) + 1))
    await world.clock.sleep(LATER)
    return world


async def swept(world: FakeWorld, **desk: Any) -> Found:  # noqa: ANN401
    """Sweep once and return what became of the only droplet."""
    made = desk_in(world, **desk)
    (found,) = await sweep(made.office, made.hands, made.site)
    return found


def comment(world: FakeWorld) -> str:
    """Return the only comment."""
    (body,) = world.forge.comments.values()
    return body


async def test_finished_run_is_taken_up(tmp_path: Path) -> None:
    """Results, log, comment, status and droplet are as the run would have left them."""
    world = await left(tmp_path)
    assert (await swept(world)).decision.action is Action.TAKE_UP
    assert world.repository.show("inst/examples/example.md") == b"# Results\n"
    assert (world.directory / "run.log").read_bytes() == world.machine.log
    assert not world.cloud.live
    assert not world.cloud.run_tags
    said = comment(world)
    assert "✅ **The script succeeded.**" in said
    assert "Another one found the script finished" in said
    assert "Hello" in said
    assert world.forge.statuses[-1][1] == "success"
    (message,) = [
        one.message.text for one in world.repository.commits.values() if one.message is not None
    ]
    assert f"Docklet-Run: {KEY}" in message
    assert f"Docklet-Image: rocker/verse@{world.machine.digest}" in message


async def test_lines_of_a_run_that_was_taken_up_are_told(tmp_path: Path) -> None:
    """Whoever finishes a run has the forge count, as the run would have."""
    world = await left(tmp_path)
    world.forge.lines["inst/examples/example.md"] = Lines(added=1, removed=0)
    await swept(world)
    assert "1 new file (+1 \u22120, 10 bytes)" in comment(world)


@pytest.mark.parametrize("workflow", Workflow)
async def test_workflow_run_has_its_say(tmp_path: Path, workflow: Workflow) -> None:
    """A run whose workflow run goes on is not touched, however old its signs of life are."""
    world = await left(tmp_path)
    world.forge.workflows[RUN] = workflow
    found = await swept(world)
    assert bool(world.cloud.live) == (workflow is Workflow.GOING)
    assert (found.decision.action is Action.LEAVE) == (workflow is Workflow.GOING)


@pytest.mark.parametrize("workflow", Workflow)
async def test_script_that_goes_on(tmp_path: Path, workflow: Workflow) -> None:
    """A script that runs is left to its end, unless its workflow run was cancelled."""
    world = await left(tmp_path, "shell.start>")
    world.machine.lasts = 10_000
    world.forge.workflows[RUN] = workflow
    await swept(world)
    cancelled = workflow is Workflow.CANCELLED
    assert bool(world.cloud.live) != cancelled
    assert is_open(comment(world)) != cancelled
    assert not cancelled or "The run was cancelled" in comment(world)


async def test_run_comes_back_between_the_passes(tmp_path: Path) -> None:
    """A sign of life that comes late, but before the second look, saves the run from a sweep."""
    world = await left(tmp_path)
    sweeping = asyncio.ensure_future(swept(world))
    await world.clock.sleep(BETWEEN / 2)
    shell = world.access.shell("", world.access.keys(KEY))
    world.machine.requests["hold"] = {"holder": OWNER, "over": None}
    await shell.run(
        ["python3", "/x/agent.pyz", "hold"], stdin=b'{"holder": "runner", "over": null}\n'
    )
    found = await sweeping
    assert found.decision.why == "is in the hands of a run that goes on"
    assert world.cloud.live


async def test_droplet_is_kept_between_the_passes(tmp_path: Path) -> None:
    """The last look sees that somebody keeps the droplet."""
    world = await left(tmp_path)
    sweeping = asyncio.ensure_future(swept(world))
    await world.clock.sleep(BETWEEN / 2)
    ((number, droplet),) = world.cloud.live.items()
    tag = kept_tag(KEY, int(START) + 10**6)
    world.cloud.live[number] = replace(droplet, tags=(*droplet.tags, tag))
    assert (await sweeping).decision.why == "is kept on purpose"
    assert world.cloud.live


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"repository": "octo/other"}, "belongs to another repository"),
        ({"repository": ""}, "belongs to another repository"),
        ({"silence": True}, "can't be asked (No SSH connection"),
        ({"stranger": True}, "can't be asked (The machine has another host key"),
        ({"status": "archive"}, "can't be asked (archive)"),
        ({"forged": True}, "can't be taken up: The record on the droplet was not written"),
        ({"broken": True}, "can't be asked ("),
    ],
    ids=str,
)
async def test_left_until_its_deadline(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    """On doubt a droplet is left alone, and goes at its deadline."""
    world = await left(tmp_path)
    repository = change.get("repository", "octo/template")
    if "silence" in change:
        world.machine.silences = [(0.0, 10**12)]
    if "stranger" in change:
        world.machine.shown_key = "ssh-ed25519 somebody-else"
    if "status" in change:
        ((number, droplet),) = world.cloud.live.items()
        world.cloud.live[number] = replace(droplet, status="archive", address="203.0.113.9")
        world.cloud.boot = 10**9
    if "forged" in change:
        world.machine.forge_record({"body": "{}", "seal": "0"})
    if "broken" in change:
        world.machine.fail("look", ConnectionLost("It broke."), times=10**6)
    found = await swept(world, repository=repository)
    assert found.decision.action is Action.LEAVE
    assert found.decision.why.startswith(why)
    assert world.cloud.live
    await world.clock.sleep(found.case.identity.deadline - world.clock.now() + 1)
    assert (await swept(world, repository=repository)).decision.action is Action.DELETE
    assert not world.cloud.live


async def off(folder: Path, moment: str = "shell.follow>") -> FakeWorld:
    """Return a world in which a run's process died, and its droplet was switched off."""
    world = await left(folder, moment)
    ((number, droplet),) = world.cloud.live.items()
    world.cloud.live[number] = replace(droplet, status="off", address="203.0.113.9")
    return world


async def test_droplet_that_is_off_is_switched_on_for_its_results(tmp_path: Path) -> None:
    """It costs as much as one that runs, so its results are fetched now and it goes."""
    world = await off(tmp_path)
    assert (await swept(world)).decision.action is Action.TAKE_UP
    assert world.cloud.calls.count("power_on") == 1
    assert world.repository.show("inst/examples/example.md") == b"# Results\n"
    assert not world.cloud.live


async def test_droplet_that_is_off_before_its_script_began(tmp_path: Path) -> None:
    """One that turns out to have nothing goes at once."""
    world = await off(tmp_path, "shell.install>")
    assert (await swept(world)).decision.action is Action.DELETE
    assert not world.cloud.live


async def test_droplet_that_stays_off(tmp_path: Path) -> None:
    """Where the token may switch nothing on, the droplet waits for its deadline as before."""
    world = await off(tmp_path)
    world.cloud.fail("power_on", CloudError("It may not.", reason=Reason.CLOUD_DENIED))
    found = await swept(world)
    assert (found.decision.action, found.failed) == (Action.LEAVE, False)
    assert found.decision.why == "is off, and stays so until its deadline: It may not"
    assert world.cloud.live
    await world.clock.sleep(found.case.identity.deadline - world.clock.now() + 1)
    assert (await swept(world)).decision.action is Action.DELETE


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (None, "was switched on: it can't be asked (No SSH connection to the machine)"),
        (CloudError("It is down."), "could not be seen to; try again"),
    ],
    ids=str,
)
async def test_droplet_that_does_not_come_up(
    tmp_path: Path, failure: CloudError | None, why: str
) -> None:
    """One that is switched on and does not answer is left for the next sweep."""
    world = await off(tmp_path)
    world.machine.silences = [(0.0, 10**12)]
    if failure is not None:
        world.cloud.fail("power_on", failure)
    found = await swept(world)
    assert found.decision.why == why
    assert world.cloud.live


async def test_droplet_is_on_again_at_the_last_look(tmp_path: Path) -> None:
    """What somebody else has switched on between the passes is not switched on again."""
    world = await off(tmp_path)
    sweeping = asyncio.ensure_future(swept(world))
    await world.clock.sleep(BETWEEN / 2)
    await world.cloud.power_on(next(iter(world.cloud.live)))
    assert (await sweeping).decision.action is Action.TAKE_UP
    assert world.cloud.calls.count("power_on") == 1


async def test_results_wait_for_a_forge_that_fails(tmp_path: Path) -> None:
    """While nothing can be pushed the droplet keeps the results; a later sweep brings them."""
    world = await left(tmp_path)
    world.repository.answers = [PROTECTED] * 2
    found = await swept(world)
    assert found.failed
    assert world.cloud.live
    assert is_open(comment(world))
    await world.clock.sleep(600)
    assert (await swept(world, holder="second")).decision.action is Action.TAKE_UP
    assert world.repository.show("inst/examples/example.md") == b"# Results\n"
    assert not is_open(comment(world))


async def test_last_chance_is_taken(tmp_path: Path) -> None:
    """Past its deadline a droplet's results are saved if they can be, and it goes in any case."""
    for answers in ([], [PROTECTED] * 100):
        world = await left(tmp_path)
        world.repository.answers = list(answers)
        await world.clock.sleep(30_000)
        await swept(world)
        assert not world.cloud.live
        pushed = world.repository.show("inst/examples/example.md") is not None
        assert pushed == (not answers)
        assert ("could not be pushed" in comment(world)) == bool(answers)


async def test_somebody_else_finishes_first(tmp_path: Path) -> None:
    """When the droplet vanishes under the sweep, its comment is not spoilt."""
    world = await left(tmp_path)
    world.machine.takes = {"collect": 60}
    world.machine.silences = [(world.clock.now() + BETWEEN + 30, 10**12)]
    before = comment(world)

    async def vanish() -> None:
        await world.clock.sleep(BETWEEN + 30)
        world.cloud.live.clear()

    gone = asyncio.ensure_future(vanish())
    found = await swept(world)
    await gone
    assert found.decision.why == "was taken up by another process"
    assert comment(world) == before


async def test_secrets_of_the_script_are_not_shown(tmp_path: Path) -> None:
    """Where the script was given secrets, its log is saved and not shown."""
    world = await left(tmp_path, env={"TOKEN": Secret("canary")})
    await swept(world)
    assert "Hello" not in comment(world)
    assert "does not know what to blank out" in comment(world)
    assert (world.directory / "run.log").read_bytes() == world.machine.log


async def test_log_takes_no_more_room_than_a_run_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that this machine has no room for ends early, is told, and costs no result."""
    monkeypatch.setattr(takeup, "room_for", lambda _: 10)
    world = await left(tmp_path)
    await swept(world)
    assert (world.directory / "run.log").read_bytes() == world.machine.log[:5]
    assert world.seen.notices.count("The log's file ends after 5 bytes") == 1
    assert world.repository.show("inst/examples/example.md") == b"# Results\n"
    assert "Hello" in comment(world)


async def wished(folder: Path, seal_of: str = "", **plan: Any) -> FakeWorld:  # noqa: ANN401
    """Return a world whose script ended without its process; somebody wants to keep its droplet.

    `seal_of` is a seal that anybody could make up; without it the wish is what `/docklet keep`
    leaves.
    """
    world = await left(folder, "shell.start>", **plan)
    world.machine.lasts = 2 * LATER
    agent = agent_on(make_droplet(), make_plan().identity, desk_in(world).office, world)
    assert await agent.keep(seal_of or seal(KEY, world.access))
    await world.clock.sleep(2 * LATER)
    return world


@pytest.mark.parametrize("keep", [Keep.ALWAYS, Keep.ON_FAILURE, Keep.NEVER])
async def test_keeping_is_honoured(tmp_path: Path, keep: Keep) -> None:
    """A droplet that somebody wanted to keep is kept by whoever finishes its run."""
    asked = keep is Keep.NEVER
    world = await (wished if asked else left)(tmp_path, keep=keep, keep_for=1800)
    if keep is Keep.ON_FAILURE:
        world.machine.ending = {"kind": "exited", "exit_code": 3}
    found = await swept(world)
    assert found.decision.action is Action.LEAVE
    assert found.decision.why == "is kept on purpose, now that its run is finished"
    ((_, tags),) = ((one.name, one.tags) for one in world.cloud.live.values())
    assert kept_tag(KEY, int(world.clock.now()) + 1800) in tags
    assert "is kept until" in comment(world)
    assert len(world.repository.commits) == 2
    assert (await swept(world)).decision.why == "is kept on purpose"
    await world.clock.sleep(1801)
    assert (await swept(world)).decision.action is Action.DELETE
    assert not world.cloud.live
    assert "is kept until" in comment(world)


@pytest.mark.parametrize("keep", [Keep.ALWAYS, Keep.NEVER])
@pytest.mark.parametrize("why", ["deadline", "cancelled", "no tag", "no key", "forged"])
async def test_what_is_not_kept_after_all(tmp_path: Path, keep: Keep, why: str) -> None:
    """Past its deadline or after a cancellation a droplet goes, and when nobody could tell."""
    forged = why == "forged"
    world = await wished(tmp_path, "keep me" if forged else "", keep=keep, ssh_keys=("mine",))
    if why == "deadline":
        await world.clock.sleep(30_000)
    if why == "cancelled":
        world.forge.workflows[RUN] = Workflow.CANCELLED
    world.cloud.fail("add_tag", CloudError("It is down."), times=int(why == "no tag"))
    world.machine.fail("authorise", ConnectionLost("It broke."), times=int(why == "no key"))
    kept = forged and keep is Keep.ALWAYS
    assert (await swept(world)).decision.action is (Action.LEAVE if kept else Action.TAKE_UP)
    assert bool(world.cloud.live) == kept
    assert bool(world.cloud.run_tags) == kept
    assert ("is deleted instead" in comment(world)) == (why in {"no tag", "no key"})
    assert world.repository.show("inst/examples/example.md") == b"# Results\n"
    assert not is_open(comment(world))


async def test_failed_script(tmp_path: Path) -> None:
    """A script that failed is told so, and its results go to a branch of their own."""
    world = await left(tmp_path)
    world.machine.ending = {"kind": "exited", "exit_code": 3}
    await swept(world)
    assert "The script failed with exit code 3." in comment(world)
    assert "main" in world.repository.branches
    assert world.repository.show("inst/examples/example.md") is None
    assert not world.cloud.live


async def test_nothing_to_push(tmp_path: Path) -> None:
    """A run that was not to push leaves its archive where the sweep ran."""
    world = await left(tmp_path, push=Push.NONE, branch="")
    await swept(world)
    assert (world.directory / "results.tar").exists()
    assert not world.cloud.live


async def test_reporting_decides_nothing(tmp_path: Path) -> None:
    """A forge that takes no comment costs no result."""
    world = await left(tmp_path)
    world.forge.failures["find_comment"] = [ForgeError("It is down.")]
    assert (await swept(world)).decision.action is Action.TAKE_UP
    assert world.repository.show("inst/examples/example.md") == b"# Results\n"
    assert "could not be reported" in world.seen.notices


@pytest.mark.parametrize("branch", ["main", "results"])
async def test_changes_of_others_meanwhile(tmp_path: Path, branch: str) -> None:
    """What others changed since the run began is not overwritten by somebody who comes late."""
    elsewhere: dict[str, Any] = {"spec": make_spec(branch="results"), "branch": "results"}
    world = await left(tmp_path, **(elsewhere if branch == "results" else {}))
    world.repository.write({"inst/examples/example.md": b"theirs\n"}, branch)
    await swept(world)
    assert world.repository.show("inst/examples/example.md", branch) == b"theirs\n"
    own = make_plan().fallback_branch
    assert world.repository.show("inst/examples/example.md", own) == b"# Results\n"


async def test_survey_changes_nothing(tmp_path: Path) -> None:
    """A dry run looks once, and touches neither lease nor droplet."""
    world = await left(tmp_path)
    desk = desk_in(world)
    (found,), total = await survey(desk.office, desk.site)
    assert (found.decision.action, total) == (Action.TAKE_UP, 1)
    assert set(world.machine.calls[-2:]) <= {"follow", "look"}
    assert world.cloud.live


async def test_decoys(tmp_path: Path) -> None:
    """Of a thousand droplets that look like ours none is looked at or touched."""
    world = make_world(tmp_path)
    mine = make_droplet()
    for number in range(250):
        key = RunKey(f"{number:020x}")
        other = make_droplet(key=key)
        decoys = [
            {"name": other.name, "tags": ()},
            {"name": other.name, "tags": mine.tags},
            {"name": f"{other.name}-2", "tags": other.tags},
            {"name": "web", "tags": (*other.tags, kept_tag(key, 1))},
        ]
        for place, decoy in enumerate(decoys):
            number_of_it = 10_000 + number * 4 + place
            world.cloud.add(make_droplet(droplet_id=number_of_it, created=0.0, **decoy))
    await world.clock.sleep(10**6)
    desk = desk_in(world)
    assert await sweep(desk.office, desk.hands, desk.site) == ()
    assert len(world.cloud.live) == 1000
    assert world.machine.calls == []


async def test_git_that_fails_is_a_failure(tmp_path: Path) -> None:
    """A repository that can't be read costs nothing but time."""
    world = await left(tmp_path)
    failing = desk_in(world)
    broken = replace(failing.hands, open_world=lambda _: _broken(world))
    (found,) = await sweep(failing.office, broken, failing.site)
    assert found.failed
    assert world.cloud.live


def _broken(world: FakeWorld) -> FakeWorld:
    """Return a world without git."""

    async def open_git() -> Any:  # noqa: ANN401 - never returns
        message = "There is no git."
        raise GitError(message)

    return replace(world, open_git=open_git)


async def test_defect_stops_nobody_else(tmp_path: Path) -> None:
    """A mistake of docklet's with one droplet is raised, once all others are seen to."""
    world = await left(tmp_path)
    past = make_droplet(droplet_id=7, key=RunKey("7" * 20), deadline=int(START), created=START)
    world.cloud.add(past)
    made = desk_in(world)

    def defect(_: RunKey) -> FakeWorld:
        message = "A defect."
        raise LookupError(message)

    broken = replace(made.hands, open_world=defect)
    with pytest.raises(LookupError, match="defect"):
        await sweep(made.office, broken, made.site)
    assert list(world.cloud.deleted) == [7]


async def test_two_rescuers_at_once(tmp_path: Path) -> None:
    """Of those who saw the same stale lease one gets it."""
    world = await left(tmp_path)
    desks = [desk_in(world, holder=f"sweep-{number}") for number in range(3)]
    ((found,), _), *_ = [await survey(one.office, one.site) for one in desks]

    async def saved(desk: FakeDesk) -> bool:
        progress = await rescue(
            *(found.droplet, found.case, desk.office, desk.hands, desk.site),
            over=120.0,
            last_chance=False,
        )
        return progress is not None

    assert sorted(await asyncio.gather(*map(saved, desks))) == [False, False, True]
    assert world.machine.calls.count("collect") == 1


async def test_results_that_were_pushed_already(tmp_path: Path) -> None:
    """What the lost process pushed is found by its trailer, though the branch has moved on."""
    world = await left(tmp_path, "git.push>")
    pushed = world.repository.branches["main"]
    world.repository.write({"inst/examples/example.md": b"theirs, later\n"})
    await swept(world)
    assert set(world.repository.branches) == {"main", "results"}
    assert "✅ **The script succeeded.**" in comment(world)
    assert pushed in comment(world)


async def test_secrets_of_a_lost_run_are_known(tmp_path: Path) -> None:
    """Who takes up a run keeps its script's secrets out of commits, and shows them nowhere."""
    env = {"API_KEY": Secret("canary-of-the-script")}
    world = await left(tmp_path, spec=make_spec(env=env))
    world.produce({"fine.csv": b"1", "env.txt": b"API_KEY=canary-of-the-script"})
    assert (await swept(world)).decision.action is Action.TAKE_UP
    assert world.repository.show("fine.csv") == b"1"
    assert world.repository.show("env.txt") is None
    assert "env.txt" in comment(world)
    assert "`API_KEY`" in comment(world).replace("\\", "")
    assert "canary" not in comment(world)
    assert not [blob for blob in world.repository.blobs.values() if b"canary" in blob][1:]
