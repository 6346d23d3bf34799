"""A whole run: its order, its endings, and that nothing is left of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from docklet.bot.status import StatusComment
from docklet.domain.errors import (
    AmbiguousCreate,
    CloudError,
    ConnectionLost,
    ForgeError,
    GitError,
)
from docklet.domain.events import DropletGone, Ended, Event, Phase, Planned
from docklet.domain.identity import RunKey
from docklet.domain.outcome import Outcome, Published, Reason
from docklet.domain.plan import Existing
from docklet.domain.spec import Push
from docklet.pipeline.run import run
from docklet.render.links import Links
from tests.builders import SHA, make_plan
from tests.machines import refusal
from tests.worlds import FakeWorld, make_world

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.ports import Git

RESULT = "inst/examples/example.md"
WHOLE = ["create", "boot", "clone", "pull", "run", "collect", "push", "delete"]
OWN_BRANCH = make_plan().fallback_branch


def assert_nothing_left(world: FakeWorld) -> None:
    """Check that droplets, tags, connections and the git directory are gone."""
    assert not world.cloud.live
    assert not world.cloud.run_tags
    assert all(shell.closed for shell in world.access.shells)
    assert world.git.closed or "import_results" not in world.git.calls


async def test_whole_run(tmp_path: Path) -> None:
    """Results are on the branch, the log is whole, and the droplet is gone and paid for."""
    world = make_world(tmp_path)
    outcome = await run(make_plan(), world)
    assert outcome.reason is Reason.DONE
    assert outcome.published is not None
    assert outcome.published.commit == world.repository.branches["main"]
    assert world.repository.show(RESULT) == b"# Results\n"
    assert world.repository.show("old.csv") == b"1\n"
    assert (tmp_path / "run.log").read_bytes() == world.machine.log
    assert not (tmp_path / "results.tar").exists()
    assert outcome.cost is not None
    assert_nothing_left(world)


async def test_order(tmp_path: Path) -> None:
    """Phases come in their order, the plan first and the outcome last, each told once."""
    world = make_world(tmp_path)
    outcome = await run(make_plan(), world)
    assert world.seen.phases == WHOLE
    assert isinstance(world.seen.events[0], Planned)
    assert world.seen.events[-1] == Ended(at=world.clock.now(), outcome=outcome)
    assert len(world.seen.of(DropletGone)) == len(world.seen.of(Ended)) == 1
    assert world.record.progress.outcome == outcome


async def test_clone_and_pull_overlap(tmp_path: Path) -> None:
    """The slower one of clone and pull is what takes time; the script waits for both."""
    world = make_world(tmp_path)
    world.machine.takes = {"checkout": 30, "pull": 50}
    await run(make_plan(), world)
    spans = {span.phase: span for span in world.record.progress.spans}
    assert spans[Phase.CLONE].started == spans[Phase.PULL].started
    assert spans[Phase.RUN].started == spans[Phase.PULL].started + 50


@pytest.mark.parametrize("failing", ["checkout", "pull"])
async def test_failed_clone_stops_the_pull(tmp_path: Path, failing: str) -> None:
    """When one of clone and pull fails, nobody waits for the other."""
    world = make_world(tmp_path)
    world.machine.takes = {"checkout": 3000, "pull": 3000}
    world.machine.fail(failing, refusal(f"{failing}-failed", "It can't be done."))
    outcome = await run(make_plan(), world)
    assert outcome.message == "It can't be done."
    assert outcome.seconds < 100
    assert {"clone!", "pull!"} <= set(world.seen.phases)
    assert_nothing_left(world)


async def test_token_is_for_the_clone_only(tmp_path: Path) -> None:
    """The forge's token goes to the fresh droplet for the checkout and never again."""
    world = make_world(tmp_path)
    await run(make_plan(), world)
    sent = {verb for verb, data in world.machine.received.items() if b"ghs_canary" in data}
    assert sent == {"checkout"}


async def test_existing_droplet_gets_no_token(tmp_path: Path) -> None:
    """A droplet that is there already gets the tree from here, is cleaned up, and stays."""
    world = make_world(tmp_path)
    there = Existing(droplet_id=7, address="203.0.113.7", known_by=RunKey("f" * 20), until=2**31)
    outcome = await run(make_plan(existing=there, droplet="7"), world)
    assert outcome.reason is Reason.DONE
    assert not any(b"ghs_canary" in sent for sent in world.machine.received.values())
    assert world.machine.received["unpack"].startswith(b"{}\n")
    assert world.machine.calls[-1] == "clean"
    assert world.access.shells[0].keys == world.access.keys(RunKey("f" * 20))
    assert not {"create", "delete"} & set(world.cloud.calls)
    assert_nothing_left(world)


ENDINGS: list[tuple[dict[str, object], Reason]] = [
    ({"kind": "exited", "exit_code": 3}, Reason.SCRIPT_EXIT),
    ({"kind": "timed-out", "exit_code": 143}, Reason.TIMED_OUT),
    ({"kind": "out-of-memory", "exit_code": 137}, Reason.OUT_OF_MEMORY),
    ({"kind": "disk-full", "exit_code": 1}, Reason.DISK_FULL),
    ({"kind": "image-cannot-run", "exit_code": 127}, Reason.IMAGE_CANNOT_RUN),
    ({"kind": "lost", "exit_code": None}, Reason.DROPLET_LOST),
]


@pytest.mark.parametrize(("ending", "reason"), ENDINGS)
async def test_failed_scripts(tmp_path: Path, ending: dict[str, object], reason: Reason) -> None:
    """A failed script's results go to the run's own branch, and the user's stays as it was."""
    world = make_world(tmp_path)
    world.machine.ending = ending
    outcome = await run(make_plan(), world)
    assert (outcome.reason, outcome.exit_code) == (reason, ending["exit_code"])
    assert world.repository.branches["main"] == SHA
    assert world.repository.show(RESULT, OWN_BRANCH) == b"# Results\n"
    assert_nothing_left(world)


async def test_failed_script_stays_the_reason(tmp_path: Path) -> None:
    """That a failed script's results can't be had as well is only noted."""
    world = make_world(tmp_path)
    world.machine.ending = {"kind": "exited", "exit_code": 3}
    world.machine.fail("collect", refusal("collect-failed", ""), times=9)
    world.git.failures["fetch"] = [GitError("The forge is down.")] * 9
    outcome = await run(make_plan(), world)
    assert outcome.reason is Reason.SCRIPT_EXIT


@pytest.mark.parametrize(
    ("plan", "reason", "phases", "branches"),
    [
        ({}, Reason.DONE, WHOLE, {"main"}),
        ({"push": Push.NONE, "branch": ""}, Reason.DONE, [*WHOLE[:6], "delete"], {"main"}),
        ({"push": Push.PULL_REQUEST}, Reason.DONE, WHOLE, {"main", OWN_BRANCH}),
    ],
)
async def test_where_results_go(
    tmp_path: Path, plan: dict[str, Any], reason: Reason, phases: list[str], branches: set[str]
) -> None:
    """Results go to the branch, into a pull request, or into an archive, as was asked for."""
    world = make_world(tmp_path)
    outcome = await run(make_plan(**plan), world)
    assert (outcome.reason, world.seen.phases) == (reason, phases)
    assert set(world.repository.branches) == branches
    assert (tmp_path / "results.tar").exists() == (plan.get("push") is Push.NONE)
    assert bool(world.forge.pull_requests) == (plan.get("push") is Push.PULL_REQUEST)
    assert_nothing_left(world)


async def test_no_changes(tmp_path: Path) -> None:
    """A script that changed nothing is a success without a commit."""
    world = make_world(tmp_path)
    world.produce({"old.csv": b"1\n"})
    outcome = await run(make_plan(), world)
    assert outcome.reason is Reason.NO_CHANGES
    assert world.repository.branches == {"main": SHA}
    assert not (tmp_path / "results.tar").exists()
    assert "push" not in world.seen.phases


@pytest.mark.parametrize("failing", ["fetch", "import_results", "effective", "commit", "push"])
@pytest.mark.parametrize("push", [Push.BRANCH, Push.PULL_REQUEST])
async def test_nothing_is_lost_on_a_broken_forge(tmp_path: Path, failing: str, push: Push) -> None:
    """Whatever git can't do after the script succeeded, the outcome names the archive."""
    world = make_world(tmp_path)
    world.git.failures[failing] = [GitError("The forge is down.")] * 99
    outcome = await run(make_plan(push=push), world)
    assert outcome.published is not None
    assert outcome.reason is Reason.NOT_PUSHED
    assert outcome.published.archive == f"{tmp_path.name}/results.tar"
    assert b"# Results" in (tmp_path / "results.tar").read_bytes()
    assert "The forge is down." in world.seen.notices
    assert_nothing_left(world)


@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("push", [Push.BRANCH, Push.NONE])
async def test_an_archive_that_nobody_understands(tmp_path: Path, code: int, push: Push) -> None:
    """Whatever came is kept and named, however the script ended; it is never a success."""
    world = make_world(tmp_path)
    world.machine.ending = {"kind": "exited", "exit_code": code}
    world.machine.results = b"no archive" * 100
    outcome = await run(make_plan(push=push), world)
    assert outcome.reason is (Reason.SCRIPT_EXIT if code else Reason.NOT_COLLECTED)
    assert outcome.published == Published(archive=f"{tmp_path.name}/results.tar")
    assert (tmp_path / "results.tar").read_bytes() == b"no archive" * 100
    assert "is kept as it came" in outcome.message + world.seen.notices
    assert_nothing_left(world)


@pytest.mark.parametrize(
    ("push", "reason"), [(Push.BRANCH, Reason.NOT_PUSHED), (Push.NONE, Reason.DONE)]
)
async def test_more_files_than_a_commit_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, push: Push, reason: Reason
) -> None:
    """Nothing is committed of too many files, and the archive has them all."""
    monkeypatch.setattr("docklet.adapters.results.manifest.MAX_MEMBERS", 2)
    world = make_world(tmp_path)
    world.produce({str(number): b"x" for number in range(3)})
    outcome = await run(make_plan(push=push), world)
    assert outcome.reason is reason
    assert outcome.published == Published(archive=f"{tmp_path.name}/results.tar")
    assert "more than 2 files" in world.seen.notices


async def test_early_fetch_is_only_a_head_start(tmp_path: Path) -> None:
    """A forge that is down while the script runs and up again afterwards costs nothing."""
    world = make_world(tmp_path)
    world.git.failures["fetch"] = [GitError("The forge is down.")]
    outcome = await run(make_plan(), world)
    assert outcome.reason is Reason.DONE


async def test_failed_reports_change_nothing(tmp_path: Path) -> None:
    """A forge that takes no comment and no status costs the run a notice."""
    world = make_world(tmp_path)
    for name in ("create_comment", "edit_comment", "set_status"):
        world.forge.failures[name] = [ForgeError("The token may not comment.")] * 99
    notices: list[str] = []
    links = Links(server_url="https://github.com", repository="octo/template")
    status = StatusComment(world.forge, world.clock, links, notice=notices.append)
    outcome = await run(make_plan(), replace(world, observers=(world.seen, status)))
    await status.finish()
    assert outcome.reason is Reason.DONE
    assert notices == ["The status could not be reported: The token may not comment."]


class Broken:
    """An observer with a defect."""

    def notify(self, event: Event) -> None:
        """Break down."""
        raise KeyError(event)


async def test_broken_observer_changes_nothing(tmp_path: Path) -> None:
    """A display that breaks down is told to the others, once, and the run goes on."""
    world = make_world(tmp_path)
    outcome = await run(make_plan(), replace(world, observers=(Broken(), world.seen)))
    assert outcome.reason is Reason.DONE
    assert world.seen.notices.count("Broken") == 1
    assert_nothing_left(world)


async def broken_git() -> Git:
    """Be defective."""
    message = "a defect"
    raise KeyError(message)


@pytest.mark.parametrize("method", ["create", "droplet", "open_git", "start", "follow", "collect"])
async def test_bug(tmp_path: Path, method: str) -> None:
    """A mistake of ours is raised as it is, when the droplet is gone and the end is told."""
    world = make_world(tmp_path)
    world.machine.fail(method, KeyError("a defect"))
    world.cloud.fail(method, KeyError("a defect"), commit=method == "create")
    if method == "open_git":
        world = replace(world, open_git=broken_git)
    with pytest.raises(KeyError, match="a defect"):
        await run(make_plan(), world)
    assert world.seen.of(Ended)[0].outcome.reason is Reason.AGENT_FAILED
    assert_nothing_left(world)


async def test_lost_answers_everywhere(tmp_path: Path) -> None:
    """When each call to the machine is cut off once, the script still runs exactly once."""
    world = make_world(tmp_path)
    for verb in ("install", "checkout", "pull", "start", "ending", "collect"):
        world.machine.fail(verb, ConnectionLost("It broke."), commit=True)
    outcome = await run(make_plan(), world)
    assert outcome.reason is Reason.DONE
    assert world.machine.starts == 1


async def test_duplicates_are_deleted_at_the_end(tmp_path: Path) -> None:
    """A droplet that no list showed in time is found at the end by its tag."""
    world = make_world(tmp_path, list_lag=160)
    world.cloud.fail("create", AmbiguousCreate("It was cut off."), commit=True)
    outcome = await run(make_plan(), world)
    assert outcome.reason is Reason.DONE
    assert len(world.cloud.deleted) == 2
    assert_nothing_left(world)


async def test_cost_ends_with_the_droplet(tmp_path: Path) -> None:
    """What is paid is the droplet's life, not the run's."""
    world = make_world(tmp_path)
    world.machine.lasts = 7200
    outcome = await run(make_plan(), world)
    (gone,) = world.cloud.deleted.values()
    assert outcome.cost is not None
    assert float(outcome.cost) == pytest.approx((gone - 1_700_000_000) * 0.03571 / 3600, abs=1e-3)


async def test_refusal_costs_nothing(tmp_path: Path) -> None:
    """A create that is refused ends the run with the cloud's words and without a bill."""
    world = make_world(tmp_path)
    world.cloud.fail("create", CloudError("Locked.", reason=Reason.CLOUD_DENIED))
    outcome = await run(make_plan(), world)
    assert outcome == Outcome(
        reason=Reason.CLOUD_DENIED, message="Locked.", seconds=outcome.seconds
    )


def test_runs_leave_no_task_behind(tmp_path: Path) -> None:
    """When a run has ended, nothing of it goes on."""

    async def main() -> set[asyncio.Task[Any]]:
        await run(make_plan(), make_world(tmp_path))
        await asyncio.sleep(0)
        return asyncio.all_tasks() - {asyncio.current_task()}

    left = asyncio.run(main())
    assert not {task for task in left if "drive" not in repr(task)}
