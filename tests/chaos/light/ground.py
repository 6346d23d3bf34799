"""The light sandbox of one story: a cloud, a forge and droplets in a loop's own network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from aiohttp import web

from docklet_sandbox.cloud.app import cloud_app
from docklet_sandbox.cloud.catalog import Catalog, load_catalog
from docklet_sandbox.cloud.estate import Estate
from docklet_sandbox.contract.contract import Contract
from docklet_sandbox.contract.places import find_folder
from docklet_sandbox.edge import edge
from docklet_sandbox.faults import Faults
from docklet_sandbox.forge.app import forge_app
from docklet_sandbox.forge.model import Repository
from docklet_sandbox.forge.store import Forge
from docklet_sandbox.journal import Journal
from docklet_sandbox.light.machines import LightMachines
from docklet_sandbox.settings import Settings
from docklet_sandbox.virtual_time import now
from tests.builders import make_trigger
from tests.chaos.light.repository import MemoryBare
from tests.fakes import FakeRepository

if TYPE_CHECKING:
    from pathlib import Path

    from docklet_sandbox.forge.bare import Bare

CLOUD_URL: Final = "https://cloud.test"
SERVER_URL: Final = "http://forge.test"
REPOSITORY: Final = make_trigger().repository
_LIMIT: Final = 25
"""Droplets that the account may have."""

contract_of: Any = cache(lambda service: Contract.of(service, find_folder()))
catalog: Any = cache(load_catalog)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The parts of the sandbox."""

    estate: Estate
    machines: LightMachines
    forge: Forge
    journal: Journal
    faults: Faults
    settings: Settings
    repository: FakeRepository
    """The git data of the forge's one repository."""
    talk: Repository
    """What is said about it."""


async def open_ground(folder: Path, **settings: Any) -> Ground:  # noqa: ANN401 - the sandbox's
    """Open a sandbox in the running loop, which has to have a network of its own."""
    knobs, faults, journal = Settings(droplet_limit=_LIMIT), Faults(), Journal()
    knobs.patch(settings)
    machines = LightMachines("chaos")
    estate = Estate(settings=knobs, machines=machines, now=now, catalog=_catalog())
    forge = Forge(root=folder, server_url=SERVER_URL, clock=now)
    repository = FakeRepository()
    owner, name = REPOSITORY.split("/")
    talk = Repository(
        id=forge.new_id(),
        owner=forge.user(owner).login,
        name=name,
        bare=cast("Bare", MemoryBare(repository)),
        created=now(),
        pushed=now(),
    )
    forge.repositories[REPOSITORY] = talk
    guard = edge(
        "forge",
        journal=journal,
        faults=faults,
        delay=lambda: knobs.api_delay,
        contract=contract_of("forge"),
    )
    told = {"journal": journal, "faults": faults, "contract": contract_of("cloud")}
    await _serve(cloud_app(estate, **told), CLOUD_URL, 443)
    await _serve(forge_app(forge, [guard]), SERVER_URL, 80)
    return Ground(
        estate=estate,
        machines=machines,
        forge=forge,
        journal=journal,
        faults=faults,
        settings=knobs,
        repository=repository,
        talk=talk,
    )


def _catalog() -> Catalog:
    found: Catalog = catalog()
    return found


async def _serve(app: web.Application, url: str, port: int) -> None:
    """Answer at a URL for as long as the loop lives."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    assert runner.server is not None
    scheme, _, host = url.partition("://")
    loop = asyncio.get_running_loop()
    await loop.create_server(runner.server, host, port, ssl=cast("Any", scheme == "https" or None))
