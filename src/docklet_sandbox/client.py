"""A client of the control API, for tests and for the command line; standard library only."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from docklet_sandbox.fault_client import FaultClient
from docklet_sandbox.forge.client import ForgeClient
from docklet_sandbox.state import DEFAULT_STATE, Addresses, SandboxError, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TIMEOUT = 60
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What the cloud's account owns; two are equal when nothing was left behind in between."""

    droplets: dict[int, Json]
    tags: frozenset[str]
    keys: frozenset[str]
    """Names of the account's SSH keys."""
    firewalls: frozenset[str]
    """Names of the firewalls."""
    images: frozenset[str]
    """Names of the account's own images."""
    standing: frozenset[str]
    """Firewalls for tags, and these tags, as `firewall NAME` and `tag NAME`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What the droplets have cost so far."""

    dollars: float
    by_droplet: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxClient(FaultClient):
    """A running sandbox, seen from outside."""

    addresses: Addresses

    @classmethod
    def of(cls, state: Path | str = DEFAULT_STATE) -> Self:
        """Return the client of the sandbox that runs in a folder; raise SandboxError if none."""
        return cls(addresses=State.at(state).addresses())

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point docklet, git and curl at the sandbox."""
        return self.addresses.environment()

    @property
    def forge(self) -> ForgeClient:
        """The forge's own verbs: make repositories, read comments, guard branches."""
        return ForgeClient(self.control)

    def inventory(self) -> Inventory:
        """Return what exists now."""
        raw = self.control("GET", "/inventory")
        return Inventory(
            droplets={droplet["id"]: droplet for droplet in raw["droplets"]},
            tags=frozenset(raw["tags"]),
            keys=frozenset(key["name"] for key in raw["keys"]),
            firewalls=frozenset(firewall["name"] for firewall in raw["firewalls"]),
            images=frozenset(image["name"] for image in raw["images"]),
            standing=frozenset(_standing(raw["firewalls"])),
        )

    def history(self) -> list[Json]:
        """Return every droplet that ever was, with user_data, deleted, seconds, dollars."""
        found: list[Json] = self.control("GET", "/history")
        return found

    def bill(self) -> Bill:
        """Return what the droplets have cost so far."""
        by_droplet = {droplet["id"]: droplet["dollars"] for droplet in self.history()}
        return Bill(dollars=sum(by_droplet.values()), by_droplet=by_droplet)

    def journal(self, service: str | None = None) -> list[Json]:
        """Return the requests so far (fields as in `journal.Entry`), oldest first."""
        query = f"?service={service}" if service else ""
        found: list[Json] = self.control("GET", f"/journal{query}")
        return found

    def violations(self) -> list[str]:
        """Return a sentence for each request that no correct client sends."""
        found: list[str] = self.control("GET", "/violations")
        return found

    def settings(self, **changes: Any) -> Json:  # noqa: ANN401 - fields of settings.Settings
        """Turn the knobs named, if any, and return all of them."""
        found: Json = self.control("PATCH", "/settings", changes)
        return found

    def add_image(self, name: str) -> int:
        """Give the account a snapshot with a name, and return its id."""
        return int(self.control("POST", "/images", {"name": name})["id"])

    def script(self, droplet_id: int | None = None, **fields: Any) -> None:  # noqa: ANN401
        """Let a light droplet, or all to come, play a script; fields as in `light.script.Script`.

        Bytes are text, or `{"base64": …}`.
        """
        self.control("PUT", "/light/script", {"id": droplet_id, **fields})

    def reset(self) -> None:
        """Make the sandbox as it was when it started."""
        self.control("POST", "/reset", {})

    def control(self, method: str, path: str, body: Json | None = None) -> Any:  # noqa: ANN401
        """Send one request to the control API and return the JSON that it answers."""
        request = urllib.request.Request(  # noqa: S310 - always http, to the loopback
            self.addresses.control + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with _DIRECT.open(request, timeout=_TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            message = f"The sandbox refused {method} {path}: {error.read().decode()}"
            raise SandboxError(message) from error
        except OSError as error:
            message = f"The sandbox at {self.addresses.control} does not answer: {error}."
            raise SandboxError(message) from error


def _standing(firewalls: list[Json]) -> Iterator[str]:
    """Name what awaits droplets to come, and is no less of use while there are none."""
    for firewall in firewalls:
        if firewall["tags"]:
            yield f"firewall {firewall['name']}"
            yield from (f"tag {tag}" for tag in firewall["tags"])
