"""A cloud in process: no machines, no network, no time to wait for.

It is under contract wherever there is a description; tests that need one ask for it themselves.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from docklet_sandbox.cloud.app import cloud_app
from docklet_sandbox.cloud.estate import Estate
from docklet_sandbox.contract.contract import Contract
from docklet_sandbox.contract.places import find_folder
from docklet_sandbox.faults import Faults
from docklet_sandbox.journal import Journal
from docklet_sandbox.machines import NoMachines
from docklet_sandbox.settings import CLOUD_TOKEN, Settings

if TYPE_CHECKING:
    from aiohttp import web

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGluIHRoZSBzYW5kYm94IG9ubHkgYSBwbGFjZWhvbGRlcg=="
Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    json: Any


@dataclass(slots=True, kw_only=True)
class Clock:
    """A time that passes when told."""

    time: float = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.time


@dataclass(slots=True, kw_only=True, repr=False)
class Office:
    """A cloud that can be asked for anything, and looked into.

    It has no `repr`: asyncio writes a fixture's value out with every test, which takes longer.
    """

    client: TestClient[web.Request, web.Application]
    app: web.Application
    estate: Estate
    settings: Settings
    journal: Journal
    faults: Faults
    clock: Clock

    async def ask(
        self, method: str, path: str, body: object = None, *, token: str = CLOUD_TOKEN
    ) -> Reply:
        """Send one request, with a body if there is one."""
        headers = {"Authorization": f"Bearer {token}"}
        async with self.client.request(method, path, json=body, headers=headers) as answer:
            text = await answer.text()
            found = json.loads(text) if text else None
            return Reply(status=answer.status, headers=answer.headers, json=found)

    async def droplet(self, **changes: object) -> int:
        """Rent a droplet and return its id."""
        answer = await self.ask("POST", "/v2/droplets", wanted(**changes))
        assert answer.status == 202, answer.json
        number: int = answer.json["droplet"]["id"]
        return number

    async def key(self) -> Body:
        """Register the key."""
        answer = await self.ask("POST", "/v2/account/keys", {"name": "mine", "public_key": KEY})
        key: Body = answer.json["ssh_key"]
        return key

    async def firewall(self) -> str:
        """Set up a firewall and return its id."""
        answer = await self.ask("POST", "/v2/firewalls", wall())
        assert answer.status == 202, answer.json
        name: str = answer.json["firewall"]["id"]
        return name

    def image(self) -> int:
        """Keep an image of the account's own and return its id."""
        source = next(iter(self.estate.catalog.images.values()))
        number: int = self.estate.snapshot("warm", source, ["nyc3"])["id"]
        return number

    def violations(self) -> list[str]:
        """Return what no correct client sent, and no correct sandbox answered."""
        return self.journal.violations()


def wanted(**changes: object) -> Body:
    """Return the body of a create request."""
    return {
        "name": "docklet-one",
        "region": "nyc3",
        "size": "s-1vcpu-1gb",
        "image": "docker-20-04",
        "tags": ["docklet:run"],
        "user_data": "#cloud-config\n",
    } | changes


def wall(**changes: object) -> Body:
    """Return the body of a request for a firewall."""
    addresses = {"addresses": ["0.0.0.0/0", "::/0"]}
    inbound = {"protocol": "tcp", "ports": "22", "sources": addresses}
    outbound = {"protocol": "tcp", "ports": "all", "destinations": addresses}
    return {"name": "wall", "inbound_rules": [inbound], "outbound_rules": [outbound]} | changes


@pytest.fixture(scope="session")
def contract() -> Contract | None:
    """Return the cloud's contract, if there is one."""
    return Contract.of("cloud", find_folder())


@pytest.fixture
async def office(contract: Contract | None) -> AsyncIterator[Office]:
    """Return an empty account."""
    clock, settings, journal, faults = Clock(), Settings(), Journal(), Faults()
    estate = Estate(settings=settings, machines=NoMachines(), now=clock)
    app = cloud_app(estate, journal=journal, faults=faults, contract=contract)
    async with TestClient(TestServer(app)) as client:
        yield Office(
            client=client,
            app=app,
            estate=estate,
            settings=settings,
            journal=journal,
            faults=faults,
            clock=clock,
        )
