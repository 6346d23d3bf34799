"""A second process in a world of fakes: the one that finishes what the first one left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from docklet.bot.mend import Mender
from docklet.domain.events import Noticed
from docklet.entrypoints.sweeps import Desk
from docklet.pipeline.examine import Office
from docklet.pipeline.world import Record
from docklet.render.links import Links
from docklet.render.mask import Mask
from docklet.wiring import settings_from
from tests.fakes import FakeGit

if TYPE_CHECKING:
    from docklet.domain.identity import RunKey
    from docklet.pipeline.world import World
    from docklet.ports import Git
    from tests.worlds import FakeWorld

REPOSITORY = "octo/template"


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeDesk(Desk):
    """A desk whose worlds are fakes too."""

    fakes: FakeWorld

    def open_world(self, key: RunKey) -> World:
        """Make a world with a git directory of its own."""
        del key
        fakes = self.fakes

        async def open_git() -> Git:
            return FakeGit(fakes.repository)

        return replace(fakes, record=Record(), open_git=open_git)


def desk_in(
    world: FakeWorld,
    *,
    repository: str = REPOSITORY,
    stale_after: float = 120.0,
    holder: str = "sweep",
) -> FakeDesk:
    """Return a desk for one repository in a world of fakes."""
    office = Office(
        repository=repository,
        forge=world.forge,
        access=world.access,
        holder=holder,
        stale_after=stale_after,
    )
    mender = Mender(
        forge=world.forge,
        clock=world.clock,
        links=Links(server_url="https://github.com", repository=repository),
        mask=Mask(),
        notice=lambda message: world.tell(Noticed(at=world.clock.now(), message=message)),
    )
    return FakeDesk(
        settings=settings_from({}), site=world, office=office, mender=mender, fakes=world
    )
