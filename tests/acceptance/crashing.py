"""`docklet`, in a process that ends itself by SIGKILL at the moment that is named first.

    python -m tests.acceptance.crashing MOMENT run --script do.sh …

Nothing of docklet knows of this: its ports and observers are wrapped where they are put together.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from docklet import wiring
from docklet.domain.events import PhaseEnded, PhaseStarted
from docklet.entrypoints.cli import main
from tests.mortal import Life, Mortal, mortal_world

if TYPE_CHECKING:
    from docklet.domain.events import Event
    from docklet.pipeline.world import World
    from docklet.ports import Forge


class Lethal(Life):
    """A life that ends the whole process at one of its moments."""

    def __init__(self, moment: str) -> None:
        super().__init__()
        self._moment = moment

    def step(self, moment: str) -> None:
        """Die, if this is the moment."""
        if moment == self._moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def notify(self, event: Event) -> None:
        """Die at the edge of a phase."""
        if isinstance(event, PhaseStarted):
            self.step(f"{event.phase}:started")
        if isinstance(event, PhaseEnded):
            self.step(f"{event.phase}:ended")


def crash(moment: str) -> None:
    """Run docklet's command line until `moment`."""
    life = Lethal(moment)
    world_for, forge_of = wiring.world_for, wiring.forge_of

    def mortal(*args: Any, **named: Any) -> World:  # noqa: ANN401 - whatever is wrapped takes
        world = world_for(*args, **named)
        return mortal_world(world, life, *world.observers, life)

    def mortal_forge(settings: wiring.Settings, repository: str) -> Forge:
        made: Any = Mortal(forge_of(settings, repository), "forge", life)
        return made  # type: ignore[no-any-return]

    wiring.world_for = mortal
    wiring.forge_of = mortal_forge
    main()


if __name__ == "__main__":
    crash(sys.argv.pop(1))
