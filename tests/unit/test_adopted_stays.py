"""Nothing of docklet's deletes an adopted droplet, renames it or takes its tags."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from docklet.domain.adoption import HostKey
from docklet.domain.errors import HostKeyMismatch, InvalidInputs, KeyRefused, Unreachable
from docklet.domain.identity import RunKey
from docklet.domain.outcome import Reason
from docklet.domain.plan import Existing
from docklet.entrypoints import cleanup
from docklet.entrypoints.commands.ls import adopted
from docklet.entrypoints.commands.rm import remove
from docklet.entrypoints.runs import ours
from docklet.pipeline.execute import time_limit
from docklet.pipeline.prepare import prepare
from docklet.pipeline.reach import SSH_LIMIT
from docklet.pipeline.reap import reap_expired
from docklet.pipeline.run import run
from tests.builders import (
    KEY,
    START,
    make_droplet,
    make_identity,
    make_plan,
    make_spec,
    make_trigger,
)
from tests.machines import refusal
from tests.worlds import FakeWorld, make_world, run_stopped

if TYPE_CHECKING:
    from pathlib import Path

HOST: Final = HostKey(raw=b"h" * 32)
WEB = make_droplet(droplet_id=7, name="web-1", tags=("web", HOST.tag))
ALIKE = make_droplet(droplet_id=8, tags=(HOST.tag,))
"""A droplet that is even called like one of docklet's, and of this very job."""
CHANGES: Final = {"create", "delete", "delete_tag", "add_tag", "untag"}


def account(folder: Path) -> FakeWorld:
    """Return a world with two adopted droplets, the machine of the first behind both."""
    world = make_world(folder)
    for droplet in (WEB, ALIKE):
        world.cloud.add(replace(droplet, created=START - 10**6))
    world.access.machine.shown_key = HOST.line
    return world


async def run_on_it(world: FakeWorld, *stopped: float) -> Reason:
    """Prepare and carry out a run on the first one."""
    spec = make_spec(droplet="web-1", timeout=3600)
    plan = await prepare(spec, make_trigger(), KEY, world)
    outcome = await (run_stopped(plan, world, *stopped) if stopped else run(plan, world))
    return outcome.reason


def assert_untouched(world: FakeWorld, before: Any) -> None:  # noqa: ANN401
    """Check that the account is as it was and that nobody even asked for a change."""
    assert (world.cloud.live, world.cloud.tags) == before
    assert not CHANGES & set(world.cloud.calls)


def state(world: FakeWorld) -> Any:  # noqa: ANN401
    """Return all that is in the account."""
    return dict(world.cloud.live), set(world.cloud.tags)


@pytest.mark.parametrize("stopped", [(), (0.1,), (3.0,), (3.0, 3.1)], ids=str)
@pytest.mark.parametrize("code", [0, 3])
async def test_runs(tmp_path: Path, code: int, stopped: tuple[float, ...]) -> None:
    """A run that succeeds, fails or is stopped leaves the droplet, and tidies up on it."""
    world = account(tmp_path)
    before = state(world)
    world.machine.ending = {"kind": "exited", "exit_code": code}
    expected = Reason.SCRIPT_EXIT if code else Reason.DONE
    assert await run_on_it(world, *stopped) is (Reason.CANCELLED if stopped else expected)
    assert_untouched(world, before)
    assert world.machine.cleaned
    assert world.access.addresses == [WEB.address]
    assert world.access.shells[0].keys == world.access.adopted_keys(7, HOST)


@pytest.mark.parametrize("failing", ["install", "pull", "start", "collect", "clean"])
async def test_broken_runs(tmp_path: Path, failing: str) -> None:
    """Whatever fails there, the droplet stays."""
    world = account(tmp_path)
    before = state(world)
    world.machine.fail(failing, refusal("odd", "It can't be done."), times=9)
    if failing == "collect":
        world.machine.fail(failing, Unreachable("It broke."), times=10**4)
    await run_on_it(world)
    assert_untouched(world, before)


@pytest.mark.parametrize("word", ["web-1", "7", "8", str(KEY), ALIKE.name])
async def test_rm(tmp_path: Path, word: str) -> None:
    """It can't even be named to `docklet rm`."""
    world = account(tmp_path)
    before = state(world)
    with pytest.raises(InvalidInputs):
        await remove(word, world, force=True)
    assert_untouched(world, before)


async def test_reap(tmp_path: Path) -> None:
    """It has no deadline, so it is never past it."""
    world = account(tmp_path)
    before = state(world)
    await world.clock.sleep(10**9)
    droplets = await world.cloud.droplets()
    assert {one.droplet_id for one in droplets} == {7, 8}
    assert ours(droplets) == ()
    assert await reap_expired(droplets, world) == ()
    assert_untouched(world, before)


async def test_listed(tmp_path: Path) -> None:
    """It is shown as adopted, whatever it is called, and docklet's own never are."""
    world = account(tmp_path)
    world.cloud.add(make_droplet(droplet_id=9, key=RunKey("f" * 20)))
    shown = adopted(await world.cloud.droplets())
    assert [("web-1" in line, "droplet 7" in line) for line in shown] == [
        (True, True),
        (False, False),
    ]


async def test_post_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The action's post step, with state and without, finds nothing to delete."""
    world = account(tmp_path)
    before = state(world)
    monkeypatch.setattr(cleanup, "site_of", lambda *_: world)
    monkeypatch.setattr(cleanup, "job_slot", lambda _: make_identity().slot)
    for saved in ({"STATE_run_key": str(KEY)}, {}):
        assert await cleanup.clean_up({"INPUT_DIGITALOCEAN-TOKEN": "t", **saved}) == 0
    assert_untouched(world, before)


async def test_stranger(tmp_path: Path) -> None:
    """A machine with another host key than the tag's gets nothing, and is asked once."""
    world = account(tmp_path)
    world.access.machine.shown_key = HostKey(raw=b"o" * 32).line
    assert await run_on_it(world) is HostKeyMismatch.reason
    assert not world.machine.calls
    assert world.clock.now() == START


async def test_other_token(tmp_path: Path) -> None:
    """A machine that refuses the key is asked once, lest it shut us out; the cause is told."""
    world = account(tmp_path)
    world.machine.fail("install", KeyRefused("Permission denied."), times=9)
    plan = await prepare(make_spec(droplet="7"), make_trigger(), KEY, world)
    outcome = await run(plan, world)
    assert outcome.reason is Reason.UNREACHABLE
    assert "`docklet adopt 7` with the token that this run uses" in outcome.message
    assert world.machine.calls == ["install"]


async def test_silent(tmp_path: Path) -> None:
    """A machine that is not there for a moment, as after a reboot, is waited for."""
    world = account(tmp_path)
    world.machine.fail("install", Unreachable("Connection refused."), times=9)
    assert await run_on_it(world) is Reason.DONE
    assert world.clock.now() - START < SSH_LIMIT


def test_no_end() -> None:
    """A run there has all the time that was asked for."""
    there = Existing(droplet_id=7, address="", known_by=HOST, until=None)
    assert time_limit(make_plan(existing=there, timeout=3600), 0.0, START) == 3600
