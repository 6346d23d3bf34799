"""A droplet is waited for: an address first, then our host key behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from docklet.domain.errors import (
    AgentError,
    CloudError,
    ConnectionLost,
    DockletError,
    HostKeyMismatch,
    KeyRefused,
    Unreachable,
)
from docklet.domain.events import DropletReached
from docklet.domain.outcome import Reason
from docklet.pipeline.create import Rental, create
from docklet.pipeline.reach import ADDRESS_LIMIT, SSH_LIMIT, boot
from docklet.ports import Completed
from tests.builders import KEY, START, make_plan
from tests.worlds import make_world

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.pipeline.agent import Agent
    from tests.worlds import FakeWorld

DOWN = CloudError("The cloud is down.")
REFUSED = Unreachable("Connection refused.")


async def booted(world: FakeWorld) -> Agent:
    """Create a droplet and get onto it."""
    return await boot(await create(make_plan(), Rental(), world), KEY, world)


@pytest.mark.parametrize("boot", [0, 0.5, 20, 59, 61, ADDRESS_LIMIT - 31])
async def test_address_comes_late(tmp_path: Path, boot: float) -> None:
    """The address is looked for a few times, and the agent is installed behind it."""
    world = make_world(tmp_path, boot=boot)
    agent = await booted(world)
    assert world.machine.received["install"] == world.agent_code
    assert agent.home.endswith(KEY)
    (reached,) = world.seen.of(DropletReached)
    assert world.access.addresses == [reached.address]
    assert world.clock.now() <= START + boot + 31
    assert world.cloud.calls.count("droplet") <= 25


@pytest.mark.parametrize(
    ("read_lag", "failures"),
    [(50, 0), (0, 3), (0, 6), (50, 4)],
)
async def test_looks_that_say_nothing(tmp_path: Path, read_lag: float, failures: int) -> None:
    """A new droplet may be denied for a minute, and a failed look is no answer."""
    world = make_world(tmp_path, boot=70)
    world.cloud.read_lag = read_lag
    world.cloud.fail("droplet", DOWN, times=failures)
    await booted(world)
    assert world.seen.of(DropletReached)


async def test_creation_that_failed(tmp_path: Path) -> None:
    """A droplet that the cloud could not make is given up as soon as that is known."""
    world = make_world(tmp_path)
    world.cloud.errored = True
    with pytest.raises(CloudError, match="ended with an error") as failed:
        await booted(world)
    assert failed.value.reason is Reason.CREATE_FAILED
    assert world.clock.now() < START + 75


@pytest.mark.parametrize("boot", [0, 20, 59])
async def test_ordinary_droplet_costs_no_look_at_its_creation(tmp_path: Path, boot: float) -> None:
    """Only a droplet that is slower than usual is worth further calls."""
    world = make_world(tmp_path, boot=boot)
    await booted(world)
    assert "creation_failed" not in world.cloud.calls


@pytest.mark.parametrize(
    ("failure", "times"),
    [(DOWN, 3), (CloudError("It may not.", reason=Reason.CLOUD_DENIED), 1)],
    ids=["down", "denied"],
)
async def test_creation_that_nobody_can_look_into(
    tmp_path: Path, failure: CloudError, times: int
) -> None:
    """A cloud that does not tell is asked again, and one that never will only once."""
    world = make_world(tmp_path, boot=200)
    world.cloud.fail("creation_failed", failure, times=times)
    await booted(world)
    assert world.seen.of(DropletReached)
    asked = world.cloud.calls.count("creation_failed")
    assert asked == 1 if times == 1 else asked > times


async def test_failed_look_is_no_sign_of_the_end(tmp_path: Path) -> None:
    """A cloud that fails in the second minute has not said that the droplet is gone."""
    world = make_world(tmp_path, boot=120)
    world.cloud.fail("droplet", DOWN, times=40)
    with pytest.raises(CloudError, match="no public address after 5 minutes"):
        await booted(world)


@pytest.mark.parametrize(
    ("boot", "read_lag", "told", "limit"),
    [
        (10**6, 0, "no public address", ADDRESS_LIMIT),
        (10**6, 10**6, "vanished", 60),
    ],
)
async def test_never_an_address(
    tmp_path: Path, boot: float, read_lag: float, told: str, limit: float
) -> None:
    """A droplet that gets no address, or is not there at all, is given up."""
    world = make_world(tmp_path, boot=boot)
    world.cloud.read_lag = read_lag
    with pytest.raises(CloudError, match=told) as caught:
        await booted(world)
    assert caught.value.reason is Reason.CREATE_FAILED
    assert limit <= world.clock.now() - START <= limit + 31


@pytest.mark.parametrize("error", [REFUSED, ConnectionLost("It was reset."), KeyRefused("No.")])
async def test_ssh_comes_late(tmp_path: Path, error: DockletError) -> None:
    """A droplet that starts may refuse connections, or break them off."""
    world = make_world(tmp_path, boot=0)
    world.machine.fail("install", error, times=12)
    await booted(world)
    assert world.machine.calls == ["install"] * 13
    assert len(world.access.shells) == 1


async def test_ssh_never_comes(tmp_path: Path) -> None:
    """A droplet that does not answer is given up, with what was said last."""
    world = make_world(tmp_path, boot=0)
    world.machine.fail("install", REFUSED, times=999)
    with pytest.raises(Unreachable, match=r"5 minutes.*Connection refused"):
        await booted(world)
    assert SSH_LIMIT - 10 <= world.clock.now() - START <= SSH_LIMIT + 10
    assert world.access.shells[0].closed


async def test_stranger(tmp_path: Path) -> None:
    """Nothing is sent to a machine with another host key, and nobody asks it again."""
    world = make_world(tmp_path, boot=0)
    world.machine.shown_key = "ssh-ed25519 somebody-else"
    with pytest.raises(HostKeyMismatch):
        await booted(world)
    assert not world.machine.calls
    assert world.access.shells[0].closed


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        ("install", AgentError("python3 is missing.", kind="exit-127")),
        ("droplet", CloudError("The token may not.", reason=Reason.CLOUD_DENIED)),
    ],
)
async def test_no_use_to_wait(tmp_path: Path, failing: str, error: DockletError) -> None:
    """What waiting does not change is told at once."""
    world = make_world(tmp_path, boot=0)
    world.machine.fail(failing, error)
    world.cloud.fail(failing, error)
    with pytest.raises(type(error)):
        await booted(world)
    assert world.clock.now() < START + 1


async def test_broken_machine(tmp_path: Path) -> None:
    """A machine that can't take the agent says what it printed."""
    world = make_world(tmp_path)
    done = Completed(exit_code=127, stdout=b"", stderr=b"python3: not found")
    world.machine.fail("install", done)
    with pytest.raises(AgentError, match="python3: not found"):
        await booted(world)
