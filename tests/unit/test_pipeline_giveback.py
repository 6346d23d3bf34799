"""The machine is given back, or kept as was asked for and announced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.errors import CloudError, ConnectionLost, DockletError, ForgeGone
from docklet.domain.events import DropletKept
from docklet.domain.firewall import TAG
from docklet.domain.identity import RunKey, kept_tag
from docklet.domain.outcome import Outcome, Reason, Status, status_of
from docklet.domain.plan import Existing
from docklet.domain.spec import Keep
from docklet.pipeline.create import Rental, create
from docklet.pipeline.giveback import give_back
from docklet.pipeline.reach import boot
from tests.builders import KEY, START, make_plan
from tests.machines import refusal
from tests.worlds import FakeWorld, make_world

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.domain.plan import Plan

FAILED = Outcome(reason=Reason.SCRIPT_EXIT, exit_code=3)
DONE = Outcome(reason=Reason.DONE, exit_code=0)
DOWN = CloudError("The cloud is down.")
THERE = Existing(droplet_id=7, address="203.0.113.7", known_by=RunKey("f" * 20), until=2**31)


async def rented(plan: Plan, world: FakeWorld) -> Rental:
    """Rent a droplet and put the agent on it."""
    rental = Rental()
    droplet = await create(plan, rental, world)
    rental.agent = await boot(droplet, plan.identity.key, world)
    return rental


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("keep", Keep)
async def test_when_it_is_kept(tmp_path: Path, keep: Keep, reason: Reason) -> None:
    """Kept is what was asked for, but never a run that somebody stopped."""
    world, plan = make_world(tmp_path), make_plan(keep=keep)
    outcome = await give_back(plan, await rented(plan, world), Outcome(reason=reason), world)
    status = status_of(reason)
    wanted = {
        Keep.NEVER: False,
        Keep.ON_FAILURE: status not in {Status.SUCCESS, Status.CANCELLED},
        Keep.ALWAYS: status is not Status.CANCELLED,
    }
    assert bool(world.cloud.live) == wanted[keep] == bool(world.seen.of(DropletKept))
    assert outcome.reason is reason
    assert all(shell.closed for shell in world.access.shells)


async def test_announcement(tmp_path: Path) -> None:
    """A kept droplet says until when, for how much, and how to get in; its tag says so too."""
    world = make_world(tmp_path)
    plan = make_plan(keep=Keep.ALWAYS, keep_for=600, ssh_keys=("ssh-ed25519 AAAA",))
    await give_back(plan, await rented(plan, world), DONE, world)
    (kept,) = world.seen.of(DropletKept)
    (droplet,) = world.cloud.live.values()
    assert kept.until == int(kept.at) + 600
    assert kept.price_hourly == plan.size.price_hourly
    assert kept.ssh == f"ssh root@{kept.address}"
    assert droplet.tags == (plan.identity.tag, TAG, kept_tag(KEY, kept.until))
    assert world.machine.received["authorise"] == b"ssh-ed25519 AAAA\n"
    assert world.record.progress.kept == kept


@pytest.mark.parametrize(
    ("listed", "let_in", "ssh"),
    [
        ((), None, f"docklet ssh {KEY}"),
        (("github:ada",), b"key 1\nkey 2\n", "ssh root@"),
        (("mine", "github:ada"), b"mine\nkey 1\nkey 2\n", "ssh root@"),
        (("mine", "github:nobody"), b"mine\n", "ssh root@"),
        (("github:nobody",), None, f"docklet ssh {KEY}"),
    ],
)
async def test_keys(
    tmp_path: Path, listed: tuple[str, ...], let_in: bytes | None, ssh: str
) -> None:
    """Keys are let in as listed, or looked up; one that can't be had is told."""
    world = make_world(tmp_path)
    world.forge.keys["ada"] = ("key 1", "key 2")
    plan = make_plan(keep=Keep.ALWAYS, ssh_keys=listed)
    await give_back(plan, await rented(plan, world), DONE, world)
    assert world.machine.received.get("authorise") == let_in
    assert world.seen.of(DropletKept)[0].ssh.startswith(ssh)
    assert ("keys of nobody" in world.seen.notices) == ("github:nobody" in listed)


@pytest.mark.parametrize("commit", [False, True])
@pytest.mark.parametrize("failing", ["add_tag", "authorise"])
async def test_what_cannot_be_kept_goes(tmp_path: Path, failing: str, *, commit: bool) -> None:
    """A droplet that can't be announced is deleted, with every tag, and that is told."""
    world = make_world(tmp_path)
    plan = make_plan(keep=Keep.ALWAYS, ssh_keys=("mine",))
    rental = await rented(plan, world)
    world.cloud.fail(failing, DOWN, commit=commit)
    world.machine.fail(failing, ConnectionLost("It broke."), commit=commit)
    outcome = await give_back(plan, rental, DONE, world)
    assert outcome == DONE
    assert not world.cloud.live
    assert not world.cloud.run_tags
    assert "is deleted instead" in world.seen.notices


async def test_bug_while_keeping(tmp_path: Path) -> None:
    """Even when keeping it breaks down, the droplet is deleted."""
    world, plan = make_world(tmp_path), make_plan(keep=Keep.ALWAYS)
    rental = await rented(plan, world)
    world.cloud.fail("add_tag", KeyError("a defect"))
    with pytest.raises(KeyError):
        await give_back(plan, rental, DONE, world)
    assert not world.cloud.live


async def test_unreached_droplet_is_not_kept(tmp_path: Path) -> None:
    """A droplet that nobody got into is of no use for debugging."""
    world, plan, rental = make_world(tmp_path), make_plan(keep=Keep.ALWAYS), Rental()
    await create(plan, rental, world)
    await give_back(plan, rental, Outcome(reason=Reason.UNREACHABLE), world)
    assert not world.cloud.live


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Reason.DONE, Reason.NOT_DELETED),
        (Reason.PUSHED_ELSEWHERE, Reason.NOT_DELETED),
        (Reason.UNREACHABLE, Reason.NOT_DELETED),
        (Reason.CANCELLED, Reason.NOT_DELETED),
        (Reason.SCRIPT_EXIT, Reason.SCRIPT_EXIT),
        (Reason.TIMED_OUT, Reason.TIMED_OUT),
    ],
)
async def test_not_deleted(tmp_path: Path, before: Reason, after: Reason) -> None:
    """A droplet that may still cost money is the news, but for a script that failed."""
    world, plan = make_world(tmp_path, pending=10**9), make_plan()
    rental = await rented(plan, world)
    outcome = await give_back(plan, rental, Outcome(reason=before, message="So."), world)
    assert outcome.reason is after
    assert outcome.message.startswith("So. ")
    assert "1001" in outcome.message
    assert "delete!" in world.seen.phases


@pytest.mark.parametrize(("reason", "most"), [(Reason.DONE, 300), (Reason.CANCELLED, 6.5)])
async def test_mute_cloud(tmp_path: Path, reason: Reason, most: float) -> None:
    """A cloud that does not answer at all holds nobody up for ever."""
    world, plan = make_world(tmp_path), make_plan()
    rental = await rented(plan, world)
    world.cloud.slow["delete"] = 10**6
    began = world.clock.now()
    outcome = await give_back(plan, rental, Outcome(reason=reason), world)
    assert outcome.reason is Reason.NOT_DELETED
    assert "1001" in outcome.message
    assert world.clock.now() - began <= most


async def test_late_create(tmp_path: Path) -> None:
    """A create call that is still under way is awaited, and its droplet deleted."""
    from asyncio import create_task, sleep

    world, plan, rental = make_world(tmp_path), make_plan(), Rental()
    world.cloud.slow["create"] = 20
    task = create_task(create(plan, rental, world))
    await sleep(0)
    task.cancel()
    await give_back(plan, rental, Outcome(reason=Reason.FORGE_FAILED), world)
    assert world.clock.now() >= START + 20
    assert len(world.cloud.deleted) == 1
    assert not world.cloud.live


async def test_nothing_rented(tmp_path: Path) -> None:
    """A run that never asked for a droplet has nothing to give back."""
    world = make_world(tmp_path)
    assert await give_back(make_plan(), Rental(), FAILED, world) == FAILED
    assert not world.cloud.calls
    assert not world.seen.events


@pytest.mark.parametrize("keep", Keep)
@pytest.mark.parametrize(
    "failure", [None, refusal("clean-failed", "Files are left."), ForgeGone("Odd.")]
)
async def test_existing_droplet_stays(tmp_path: Path, keep: Keep, failure: Any) -> None:  # noqa: ANN401
    """A droplet that was there before is tidied up and stays, whether that succeeds or not."""
    world, plan = make_world(tmp_path), make_plan(existing=THERE, keep=keep)
    rental = Rental(agent=(await rented(make_plan(), world)).agent)
    if failure is not None:
        world.machine.fail("clean", failure)
    assert await give_back(plan, rental, FAILED, world) == FAILED
    assert world.machine.calls[-1] == "clean"
    assert len(world.cloud.live) == 1
    assert bool(world.seen.notices) == (failure is not None)
    assert world.access.shells[0].closed
    assert not isinstance(failure, DockletError) or failure.message in world.seen.notices
