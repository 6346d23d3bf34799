"""What a run of hours asks of the forge: the real bot and adapter, real sockets, virtual time."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final

import pytest

from docklet.adapters.github.forge import GitHubForge
from docklet.bot.status import StatusComment
from docklet.domain.outcome import Reason
from docklet.domain.secret import Secret
from docklet.pipeline.run import run
from docklet.render.links import Links
from docklet_sandbox.launch import running
from tests.builders import START, make_plan, make_trigger
from tests.fakes import FakeClock
from tests.worlds import FakeWorld, make_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docklet.domain.outcome import Outcome
    from docklet_sandbox.client import SandboxClient

REPO: Final = "mona/template"
LINKS: Final = Links(server_url="https://github.com", repository=REPO)
MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
BESIDES: Final = 7
"""Calls that a run may make beside its comment and status: the default branch, its head, a `ref`,
a pull request, the look for an open one, somebody's public keys, and a count of lines."""


SURVEY: Final = 5
"""Calls to the cloud that a run makes before it is planned."""


class PatientClock(FakeClock):
    """Virtual time that stands still while a call of the adapter's is under way."""

    async def _quiet(self) -> None:
        await super()._quiet()
        while any(thread.name == "docklet-call" for thread in threading.enumerate()):
            await asyncio.sleep(0.001)
            await super()._quiet()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines."""
    with running(tmp_path_factory.mktemp("budget") / "state", "--machines=none") as started:
        yield started
        assert started.violations() == []


class Bill:
    """A run that is reported to the sandbox's forge, and the calls that each minute took."""

    def __init__(self, sandbox: SandboxClient, folder: Path) -> None:
        self.sandbox = sandbox
        self.clock = PatientClock(START)
        self.notices: list[str] = []
        self.calls: list[int] = []
        """How many calls there were in each minute, the last one cut off by the end."""
        api, token = sandbox.addresses.forge_api, Secret(sandbox.addresses.workflow_token)
        forge = GitHubForge(REPO, token, clock=self.clock, api_url=api)
        self.status = StatusComment(forge, self.clock, LINKS, notice=self.notices.append)
        self.world: FakeWorld = make_world(folder, self.status, clock=self.clock, boot=50)

    async def of(self, sha: str) -> Outcome:
        """Run on a commit and count."""
        counting = asyncio.ensure_future(self._count())
        plan = make_plan(trigger=make_trigger(repository=REPO, sha=sha), timeout=7 * HOUR)
        outcome = await run(plan, self.world)
        await self.status.finish()
        self.calls.append(len(self.sandbox.journal("forge")) - sum(self.calls))
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)
        return outcome

    async def _count(self) -> None:
        """Note down the calls of every minute."""
        while True:
            await self.clock.sleep(MINUTE)
            self.calls.append(len(self.sandbox.journal("forge")) - sum(self.calls))


async def test_six_hours(sandbox: SandboxClient, tmp_path: Path) -> None:
    """At most 15 calls in the first minute, and 6 in any hour after it, the end included.

    The cloud, a fake one here, is asked no more than in a run of seconds.
    """
    sha = sandbox.forge.create(REPO, {"a.txt": "1\n"})
    assert sha is not None
    bill = Bill(sandbox, tmp_path)
    machine = bill.world.machine
    machine.takes = {"checkout": 25, "pull": 55, "collect": 30}
    machine.lasts = 6 * HOUR
    machine.output = [(second, b"line\n") for second in range(1, 6 * HOUR, MINUTE)]
    outcome = await bill.of(sha)
    assert outcome.reason is Reason.DONE
    assert bill.notices == []
    assert len(bill.world.cloud.calls) <= 15 - SURVEY
    first, later = bill.calls[0], bill.calls[1:]
    assert 2 <= first <= 15 - BESIDES
    hours = [sum(later[minute : minute + 60]) for minute in range(len(later))]
    assert max(hours) <= 6, bill.calls
    assert min(hours[:-60]) >= 2, "The comment was left alone for an hour."
    (comment,) = sandbox.forge.comments(REPO)
    assert "✅" in comment["body"]
