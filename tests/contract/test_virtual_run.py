"""Whole runs in virtual time: the real pipeline and adapters, over real sockets, in seconds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.events import Event, LogArrived, Noticed, Phase, PhaseEnded
from docklet.domain.outcome import Reason
from docklet_sandbox import virtual_time
from docklet_sandbox.light.script import Failing, Script
from tests.contract.stage import staged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.contract.stage import Stage

HOUR = 3600.0
PATIENT = Script(
    output=[(hour * HOUR, b"hour %d\n" % hour) for hour in range(1, 6)],
    lasts=5.3 * HOUR,
    files={"out/hours.csv": b"1,2,3,4,5\n"},
)
DELAYS = {"boot_delay": 40.0, "ip_delay": 3.0, "api_delay": 0.2, "action_delay": 5.0}


class Seen:
    """An observer that remembers what happened when, in virtual seconds."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Any]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def log(self) -> bytes:
        """All of the log that arrived."""
        return b"".join(event.data for event in self.of(LogArrived))


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return what runs a test on a stage of its own, in virtual time."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")

    def playing(test: Callable[[Stage], Awaitable[Any]], **settings: Any) -> Any:  # noqa: ANN401
        async def main() -> Any:  # noqa: ANN401
            async with staged(tmp_path, **settings) as stage:
                result = await test(stage)
                assert stage.violations() == []
                assert stage.sandbox.desk.estate.living() == []
                return result

        return virtual_time.run(main())

    return playing


def test_six_hours_in_seconds(play: Callable[..., Any]) -> None:
    """A run of nearly six hours is whole: log, results, comment, bill, and time itself."""

    async def test(stage: Stage) -> None:
        stage.sandbox.machines.perform(PATIENT)
        seen = Seen()
        began = stage.clock.now()
        finished = await stage.run(seen, timeout=int(5.5 * HOUR))
        passed = stage.clock.now() - began
        assert finished.outcome.reason is Reason.DONE
        assert (seen.log, finished.outcome.exit_code) == (PATIENT.log, 0)
        assert PATIENT.lasts < finished.outcome.seconds <= passed < PATIENT.lasts + 300
        (droplet,) = stage.sandbox.desk.estate.droplets.values()
        assert droplet.deleted is not None
        assert PATIENT.lasts + 40 < droplet.deleted - droplet.created < PATIENT.lasts + 200
        newest = (await stage.log())[0]
        assert list(newest["parents"]) == [stage.head]
        arrived = [event.at - began for event in seen.of(LogArrived)]
        assert all(hour * HOUR < at < hour * HOUR + 120 for hour, at in enumerate(arrived, 1))

    play(test, **DELAYS)


def test_a_night_without_network(play: Callable[..., Any]) -> None:
    """Two hours without a single packet cost nothing but a notice."""

    async def outage(stage: Stage) -> None:
        await asyncio.sleep(HOUR)
        (droplet,) = stage.sandbox.desk.estate.living()
        await stage.sandbox.machines.partition(droplet.id)
        await asyncio.sleep(2 * HOUR)
        await stage.sandbox.machines.heal(droplet.id)

    async def test(stage: Stage) -> None:
        stage.sandbox.machines.perform(PATIENT)
        seen = Seen()
        away = asyncio.ensure_future(outage(stage))
        finished = await stage.run(seen, timeout=int(5.5 * HOUR))
        await away
        assert finished.outcome.reason is Reason.DONE
        assert seen.log == PATIENT.log
        assert any("connection was lost" in event.message for event in seen.of(Noticed))

    play(test)


def test_a_script_that_takes_too_long(play: Callable[..., Any]) -> None:
    """The time limit ends a script where it runs, and its results go to a branch of their own."""

    async def test(stage: Stage) -> None:
        stage.sandbox.machines.perform(replace(PATIENT, stubborn=True))
        finished = await stage.run(timeout=int(2 * HOUR))
        assert finished.outcome.reason is Reason.TIMED_OUT
        assert 2 * HOUR < finished.outcome.seconds < 2 * HOUR + 120
        assert (await stage.log())[0]["sha"] == stage.head

    play(test)


def test_a_pull_that_is_denied(play: Callable[..., Any]) -> None:
    """What the agent explains reaches the user, and nothing is left running."""

    async def test(stage: Stage) -> None:
        failing = Failing(kind="pull-denied", message="Who are you?")
        stage.sandbox.machines.perform(Script(failures={"pull": [failing]}))
        seen = Seen()
        finished = await stage.run(seen)
        assert finished.outcome.reason is Reason.IMAGE_NOT_PULLED
        assert finished.outcome.message == "Who are you?"
        ended = {event.phase: event.ok for event in seen.of(PhaseEnded)}
        assert (ended[Phase.PULL], ended[Phase.DELETE]) == (False, True)

    play(test)


def test_the_same_seed_tells_the_same_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two plays of one schedule agree in every event, and in when it happened."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")

    async def story(folder: Path) -> list[str]:
        async with staged(folder, seed=7, boot_delay=17.0, ip_delay=2.0) as stage:
            stage.sandbox.machines.perform(replace(PATIENT, lasts=1.2 * HOUR))
            seen = Seen()
            hurting = asyncio.ensure_future(hurt(stage))
            await stage.run(seen, timeout=int(5.5 * HOUR))
            await hurting
            return [f"{type(one).__name__} {one.at:.3f}" for one in seen.events]

    async def hurt(stage: Stage) -> None:
        await asyncio.sleep(HOUR / 2)
        (droplet,) = stage.sandbox.desk.estate.living()
        machine = stage.sandbox.machines.machine(droplet.id)
        assert machine is not None
        machine.cut()

    first, second = (virtual_time.run(story(tmp_path / name)) for name in "ab")
    assert first == second
