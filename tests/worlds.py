"""A world of fakes, in which a run takes no time and reaches nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from docklet.domain.events import Event, Noticed, PhaseEnded, PhaseStarted
from docklet.domain.secret import Secret
from docklet.pipeline.run import run
from docklet.pipeline.world import Record, World
from tests.archives import make_archive
from tests.builders import SHA, START
from tests.fakes import (
    FakeAccess,
    FakeClock,
    FakeCloud,
    FakeCommit,
    FakeForge,
    FakeGit,
    FakeRepository,
    FakeShell,
)
from tests.machines import FakeMachine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from docklet.domain.outcome import Outcome
    from docklet.domain.plan import Plan
    from docklet.ports import Git, Observer

FILES: Final[Mapping[str, bytes]] = {"inst/examples/knit.R": b"knit()\n", "old.csv": b"1\n"}
"""What is in the repository when a run starts."""


class Seen:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Any]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def phases(self) -> list[str]:
        """The phases as they began, those that failed with a `!` behind them."""
        failed = {event.phase for event in self.of(PhaseEnded) if not event.ok}
        started = [event.phase for event in self.of(PhaseStarted)]
        return [f"{phase}!" if phase in failed else str(phase) for phase in started]

    @property
    def notices(self) -> str:
        """All that the user was told, a line each."""
        return "\n".join(event.message for event in self.of(Noticed))


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeWorld(World):
    """A world of fakes, which says so to the type checker."""

    cloud: FakeCloud
    clock: FakeClock
    access: FakeAccess
    forge: FakeForge
    host: FakeShell
    git: FakeGit
    seen: Seen

    @property
    def machine(self) -> FakeMachine:
        """The droplet, on its inside."""
        return self.access.machine

    @property
    def repository(self) -> FakeRepository:
        """The repository on the forge."""
        return self.git.repository

    def produce(self, files: Mapping[str, bytes], **archive: Any) -> None:  # noqa: ANN401
        """Let the script leave these files behind."""
        made = make_archive(self.directory / "made.tar", files, **archive)
        for machine in (self.machine, self.host.machine):
            machine.results = made.read_bytes()
        made.unlink()


def make_world(
    folder: Path,
    *observers: Observer,
    clock: FakeClock | None = None,
    **cloud: Any,  # noqa: ANN401
) -> FakeWorld:
    """Return a world in which `make_plan()` succeeds, with the knobs of `FakeCloud`."""
    clock, repository, seen = clock or FakeClock(START), FakeRepository(), Seen()
    tree = {name.encode(): ("100644", repository.store(text)) for name, text in FILES.items()}
    repository.commits[SHA] = FakeCommit(tree=tree, parent="")
    repository.branches["main"] = SHA
    git = FakeGit(repository)

    async def open_git() -> Git:
        return git

    world = FakeWorld(
        cloud=FakeCloud(clock, **({"boot": 20.0} | cloud)),
        clock=clock,
        record=Record(),
        observers=(seen, *observers),
        access=FakeAccess(FakeMachine(clock)),
        forge=FakeForge(),
        open_git=open_git,
        host=FakeShell(FakeMachine(clock)),
        agent_code=b"the agent",
        directory=folder,
        server_url="https://github.com",
        forge_token=Secret("ghs_canary"),
        git=git,
        seen=seen,
    )
    world.produce({"inst/examples/example.md": b"# Results\n"})
    return world


async def run_stopped(plan: Plan, world: FakeWorld, *after: float) -> Outcome:
    """Run `plan` and cancel it at these seconds."""
    task = asyncio.ensure_future(run(plan, world))
    for second in after:
        await world.clock.sleep(START + second - world.clock.now())
        task.cancel()
    return await task
