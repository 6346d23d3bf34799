"""The lease on the droplet: one holder, renewed by nothing but the run itself, and its record."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import InvalidToken

from docklet.adapters.ssh.keys import SshAccess
from docklet.domain.errors import AgentError, ConnectionLost
from docklet.domain.identity import RunKey
from docklet.domain.record import RunRecord
from docklet.domain.secret import Secret
from docklet.pipeline.agent import Agent
from docklet.pipeline.lease import LEASE, OWNER, RENEWAL, holding, sealed, unsealed
from docklet.pipeline.run import run
from tests.builders import KEY, SHA, START, make_plan, make_spec
from tests.worlds import make_world

if TYPE_CHECKING:
    from pathlib import Path

ACCESS = SshAccess(token=Secret("dop_v1_canary"))
RECORD = RunRecord(plan=make_plan(), started=START)


def test_record_is_sealed_for_its_run() -> None:
    """What we wrote is read again by whoever has the cloud token, in any process."""
    raw = sealed(RECORD, ACCESS)
    assert unsealed(raw, KEY, SshAccess(token=Secret("dop_v1_canary"))) == RECORD


@pytest.mark.parametrize(
    "change",
    [
        {"body": "{}"},
        {"seal": ""},
        {"seal": "ü"},
        {"seal": None},
        {"body": None, "seal": None},
        {"seal": ACCESS.seal(RunKey("f" * 20), "{}")},
    ],
    ids=str,
)
def test_forged_records_are_refused(change: dict[str, Any]) -> None:
    """A record that was changed on the droplet is not used."""
    with pytest.raises(AgentError, match="not written by docklet"):
        unsealed({**sealed(RECORD, ACCESS), **change}, KEY, ACCESS)


def test_record_of_another_run_is_refused() -> None:
    """A record that is right, but not about this run or by this account, is not used."""
    raw = sealed(RECORD, ACCESS)
    with pytest.raises(AgentError):
        unsealed(raw, RunKey("f" * 20), ACCESS)
    with pytest.raises(AgentError):
        unsealed(raw, KEY, SshAccess(token=Secret("dop_v1_other")))


def test_record_of_another_version_is_refused() -> None:
    """A sealed record that this version can't read is told apart."""
    body = '{"version": 99}'
    with pytest.raises(AgentError, match="another version"):
        unsealed({"body": body, "seal": ACCESS.seal(KEY, body)}, KEY, ACCESS)


async def test_lease_is_renewed_through_the_whole_run(tmp_path: Path) -> None:
    """Signs of life are never further apart than agreed, from the agent's arrival to the end."""
    world = make_world(tmp_path)
    world.machine.lasts = 3600.0
    world.machine.takes = {"checkout": 50, "pull": 400, "collect": 300}
    ages: list[float | None] = []

    async def look() -> None:
        agent = Agent(world.access.shell("", world.access.keys(KEY)), "/home", world.clock)
        while not world.cloud.deleted:
            if "hold" in world.machine.calls:
                ages.append((await agent.look()).lease)
            await world.clock.sleep(7)

    looking = asyncio.ensure_future(look())
    await run(make_plan(), world)
    await looking
    assert len(ages) > 4000 / 7
    assert max(age for age in ages if age is not None) <= RENEWAL + 1 < LEASE
    assert None not in ages


async def test_lost_renewals_are_made_up_for(tmp_path: Path) -> None:
    """A connection that breaks, or an agent that stumbles, costs one renewal."""
    world = make_world(tmp_path)
    world.machine.lasts = 600.0
    world.machine.fail("hold", ConnectionLost("It broke."), times=3)
    await run(make_plan(), world)
    assert world.machine.calls.count("hold") >= 600 / RENEWAL - 1
    assert "another process" not in world.seen.notices.lower()


async def test_record_is_there_before_the_script(tmp_path: Path) -> None:
    """The start itself brings the record, with all that is known by then."""
    world = make_world(tmp_path)
    await run(make_plan(), world)
    raw = world.machine.requests["start"]["record"]
    assert isinstance(raw, dict)
    record = unsealed(raw, KEY, world.access)
    assert (record.digest, record.begun) == (world.machine.digest, SHA)
    assert b"canary" not in world.machine.received["start"]


async def test_taken_lease_is_told_once(tmp_path: Path) -> None:
    """A run that another process has taken up hears of it, and goes on."""
    world = make_world(tmp_path)
    agent = Agent(world.access.shell("", world.access.keys(KEY)), "/home", world.clock)
    assert await agent.hold("sweep")
    async with holding(make_plan(), agent, world):
        await world.clock.sleep(100)
    assert world.seen.notices.count("Another process has taken up this run") == 1
    assert not await agent.hold(OWNER)


def test_values_come_back_to_us_alone() -> None:
    """The script's variables lie on the droplet, and nobody without the cloud token reads them."""
    plan = make_plan(spec=make_spec(env={"KEY": Secret("canary \u00fc\udcff"), "B": Secret("")}))
    raw = sealed(RunRecord(plan=plan, started=START), ACCESS)
    assert "canary" not in str(raw)
    assert unsealed(raw, KEY, SshAccess(token=Secret("dop_v1_canary"))).plan == plan
    hidden = json.loads(str(raw["body"]))["hidden"]
    for access, key in ((SshAccess(token=Secret("other")), KEY), (ACCESS, RunKey("f" * 20))):
        with pytest.raises(InvalidToken):
            access.unhide(key, hidden)
