"""No step of a run is without a moment at which its process is killed in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docklet import ports
from docklet.domain.events import PhaseEnded, PhaseStarted
from docklet.droplet.__main__ import ANSWERING, STREAMING
from tests.boundaries import CALLS, CHANGES, EDGES, OTHERS
from tests.builders import make_plan
from tests.mortal import Life
from tests.unit.test_crash import lived
from tests.worlds import make_world

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def calls() -> set[str]:
    """Return every call that a run can make to the world."""
    named = {"cloud": ports.Cloud, "forge": ports.Forge, "git": ports.Git}
    methods = {
        f"{name}.{method}"
        for name, port in named.items()
        for method in vars(port)
        if not method.startswith("_")
    }
    return methods | {"shell.install"} | {f"shell.{verb}" for verb in ANSWERING + STREAMING}


def test_every_call_is_sorted() -> None:
    """A call either changes something, and is a boundary, or does not."""
    assert calls() == CHANGES | OTHERS
    assert not CHANGES & OTHERS


async def test_an_ordinary_run_passes_every_boundary(tmp_path: Path) -> None:
    """The moments are real ones: a run lives through each of them."""
    world, life = make_world(tmp_path), Life()
    await lived(make_plan(), world, life)
    seen = {f"{event.phase}:{word}" for word, event in edges(world.seen.events)}
    assert seen == set(EDGES)
    assert set(CALLS) <= set(life.steps)


def edges(events: Sequence[object]) -> list[tuple[str, PhaseStarted | PhaseEnded]]:
    """Return the beginnings and ends of phases."""
    words = {PhaseStarted: "started", PhaseEnded: "ended"}
    return [
        (words[type(event)], event)
        for event in events
        if isinstance(event, PhaseStarted | PhaseEnded)
    ]
