"""Another process reaches into a run: stop, keep, and the end of its log."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.errors import AgentError, ConnectionLost
from docklet.domain.identity import identity_of
from docklet.domain.outcome import Reason
from docklet.domain.secret import Secret
from docklet.domain.spec import Keep
from docklet.pipeline import steer
from docklet.pipeline.keep import seal
from docklet.pipeline.run import run
from tests.builders import KEY, START, make_plan, make_spec
from tests.desks import desk_in
from tests.worlds import FakeWorld, make_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from docklet.domain.identity import Identity
    from docklet.domain.outcome import Outcome
    from docklet.ports import Droplet

SECRET = {"KEY": Secret("canary-value")}


@pytest.fixture
def world(tmp_path: Path) -> FakeWorld:
    """Return a world whose script takes a minute."""
    made = make_world(tmp_path)
    made.machine.lasts = 60.0
    return made


async def during(
    world: FakeWorld,
    second: float,
    deed: Callable[[Droplet, Identity], Awaitable[Any]],
    **spec: Any,  # noqa: ANN401
) -> tuple[Outcome, Any]:
    """Do something at a second of a run; return how the run ended, and what was said."""
    task = asyncio.ensure_future(run(make_plan(spec=make_spec(**spec)), world))
    await world.clock.sleep(START + second - world.clock.now())
    (droplet,) = await world.cloud.droplets()
    identity = identity_of(droplet.name, droplet.tags)
    assert identity is not None
    said = await deed(droplet, identity)
    return await task, said


async def test_stop(world: FakeWorld) -> None:
    """The script ends, its results are kept aside, and the ending says who wanted it."""
    desk = desk_in(world)
    outcome, said = await during(
        world, 50, lambda one, who: steer.stop(one, who, "ada", desk.office, world)
    )
    assert "is being stopped" in said
    assert outcome.reason is Reason.CANCELLED
    assert "on request of ada" in outcome.message
    assert outcome.published is not None
    assert outcome.published.branch.startswith("docklet/results-")
    assert not world.cloud.live


async def test_stop_before_the_script(world: FakeWorld) -> None:
    """A droplet whose script has not begun is deleted, and the run ends by that."""
    world.machine.takes["pull"] = 600.0
    desk = desk_in(world)

    async def stop(one: Droplet, who: Identity) -> str:
        said = await steer.stop(one, who, "ada", desk.office, world)
        assert not world.cloud.live
        return said

    _, said = await during(world, 100, stop)
    assert "had not begun" in said
    assert "stop" not in world.machine.calls


async def test_stop_what_does_not_answer(world: FakeWorld) -> None:
    """A droplet that can't be reached is deleted, after a while."""
    world.machine.silences = [(START + 45, START + 4000)]
    desk = desk_in(world)
    outcome, said = await during(
        world, 50, lambda one, who: steer.stop(one, who, "ada", desk.office, world)
    )
    assert "did not answer" in said
    assert outcome.reason is Reason.DROPLET_LOST
    assert not world.cloud.live


async def test_stop_survives_a_lost_connection(world: FakeWorld) -> None:
    """A few broken connections are no reason to throw a run's results away."""
    world.machine.fail("look", ConnectionLost("The SSH connection broke."), times=4)
    desk = desk_in(world)
    outcome, said = await during(
        world, 50, lambda one, who: steer.stop(one, who, "ada", desk.office, world)
    )
    assert "is being stopped" in said
    assert outcome.published is not None


async def test_keep(world: FakeWorld) -> None:
    """A droplet is kept although the job never said so."""
    desk = desk_in(world)
    outcome, said = await during(
        world, 50, lambda one, who: steer.keep(one, who, desk.office, world)
    )
    assert "will be kept" in said
    assert outcome.reason is Reason.DONE
    (droplet,) = world.cloud.live.values()
    found = identity_of(droplet.name, droplet.tags)
    assert found is not None
    assert found.kept_until is not None


async def test_stop_what_is_kept(world: FakeWorld) -> None:
    """A kept droplet is given back, and its tags with it."""
    desk = desk_in(world)
    await run(make_plan(spec=make_spec(keep=Keep.ALWAYS)), world)
    (droplet,) = await world.cloud.droplets()
    identity = identity_of(droplet.name, droplet.tags)
    assert identity is not None
    assert "was kept" in await steer.stop(droplet, identity, "ada", desk.office, world)
    assert not world.cloud.live
    assert not world.cloud.run_tags


async def test_script_can_not_keep_its_droplet(world: FakeWorld) -> None:
    """A wish that was not sealed with the cloud token is nobody's."""

    async def forge(_: Droplet, __: Identity) -> None:
        request = b'{"seal": "keep me"}\n'
        await world.machine.answer("keep", request)

    await during(world, 50, forge)
    assert not world.cloud.live


async def test_stopped_run_is_not_kept(world: FakeWorld) -> None:
    """Who stops a run wants an end of its cost too."""
    desk = desk_in(world)

    async def both(one: Droplet, who: Identity) -> None:
        await steer.keep(one, who, desk.office, world)
        await steer.stop(one, who, "ada", desk.office, world)

    await during(world, 50, both)
    assert not world.cloud.live


def test_seal_is_of_one_run(world: FakeWorld) -> None:
    """A wish for one run is none for another."""
    assert seal(KEY, world.access) != seal(type(KEY)("f" * 20), world.access)


class LogShell:
    """Answers what a look at a log asks the machine itself, beside the agent."""

    def __init__(self, world: FakeWorld, inner: Any) -> None:  # noqa: ANN401
        self._world, self._inner = world, inner

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"") -> Any:  # noqa: ANN401
        """Say how long the log is."""
        done = await self._inner.run(argv, stdin=stdin)
        if argv[0] != "stat":
            return done
        size = str(len(self._world.machine.log)).encode()
        return type(done)(exit_code=0, stdout=size, stderr=b"")

    def send(self, *words: Any, **more: Any) -> Any:  # noqa: ANN401
        """Leave this to the machine."""
        return self._inner.send(*words, **more)

    async def stream(self, argv: Sequence[str], *, stdin: bytes = b"") -> AsyncIterator[bytes]:
        """Show the last lines of the log."""
        if argv[0] != "sh":
            async for piece in self._inner.stream(argv, stdin=stdin):
                yield piece
            return
        lines = self._world.machine.log.splitlines(keepends=True)
        yield b"".join(lines[-int(argv[-1]) :])

    async def close(self) -> None:
        """Hang up."""
        await self._inner.close()


@pytest.fixture
def shown(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    """Return the world with a log that holds what the script was given."""
    world.machine.output = [(1.0, b"first\nKEY=canary-value\nmine: ghs_other_canary\n")]
    shell = type(world.access).shell
    monkeypatch.setattr(type(world.access), "shell", lambda *words: LogShell(world, shell(*words)))
    return world


async def log(world: FakeWorld, lines: int) -> str:
    """Return the end of a log, shown by a process that knows one secret of its own."""
    desk, known = desk_in(world), (Secret("ghs_other_canary"),)
    _, said = await during(
        world,
        50,
        lambda one, who: steer.log_end(one, who, lines, desk.office, world, known=known),
        env=SECRET,
    )
    return str(said)


async def test_log_hides_what_the_script_was_given(shown: FakeWorld) -> None:
    """Secrets of the run's own job are blanked out by any other, and its own too."""
    assert await log(shown, 2) == "KEY=***\nmine: ***\n"


async def test_log_whose_record_is_forged(shown: FakeWorld) -> None:
    """Where nobody knows what has to be blanked out, nothing is shown."""

    async def forged(one: Droplet, who: Identity) -> None:
        shown.machine.forge_record({"body": "{}", "seal": "x"})
        desk = desk_in(shown)
        with pytest.raises(AgentError, match="is not shown"):
            await steer.log_end(one, who, 2, desk.office, shown, known=())

    await during(shown, 50, forged, env=SECRET)


async def test_push_that_is_not_allowed_any_more(world: FakeWorld) -> None:
    """Results of whoever lost their role go to the run's own branch, and the notes say why."""

    async def lost() -> str:
        return "You may not write here any more."

    changed = replace(world, may_push=lost)
    outcome = await run(make_plan(), changed)
    assert outcome.reason is Reason.PUSHED_ELSEWHERE
    assert "You may not write here any more." in world.seen.notices
    assert world.repository.show("inst/examples/example.md") is None
