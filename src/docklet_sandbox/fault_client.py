"""The part of the sandbox's client that breaks things: requests, droplets, connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]


class Controlled(Protocol):
    """What can send a request to the control API."""

    def control(self, method: str, path: str, body: Json | None = None) -> Any:  # noqa: ANN401
        """Send one request and return the JSON that it answers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyClient:
    """A byte proxy: before a droplet, a service of the sandbox, or anything else."""

    name: str
    control: Callable[..., Any]

    @property
    def address(self) -> str:
        """Where it listens, as `HOST:PORT`."""
        return str(self._facts()["address"])

    @property
    def connections(self) -> int:
        """How many connections it has accepted."""
        return int(self._facts()["connections"])

    def wire(self, **fields: Any) -> None:  # noqa: ANN401 - fields of wire.Wire
        """Say what is wrong with the next connection (or `count`); fields as in `wire.Wire`.

        Example: `wire(cut=2000)`, `wire(delay=0.1, bandwidth=10_000, count=None)`.
        """
        self._tell("wires", **fields)

    def clear(self) -> None:
        """Let the next connections be good ones."""
        self.control("DELETE", f"{self._path}/wires")

    def sever(self) -> None:
        """Reset all connections that there are."""
        self._tell("sever")

    def hold(self) -> None:
        """Keep all bytes back, of new connections, too; nobody is told."""
        self._tell("hold")

    def release(self) -> None:
        """Let the bytes go that were kept back, and all that follow."""
        self._tell("release")

    def refuse(self) -> None:
        """Refuse new connections; those that there are go on."""
        self._tell("refuse")

    def listen(self) -> None:
        """Accept connections again."""
        self._tell("listen")

    def restart(self, seconds: float) -> None:
        """Reset all connections and refuse new ones for some seconds, as a restart does."""
        self._tell("restart", seconds=seconds)

    def lead_to(self, address: str) -> None:
        """Lead new connections to another `HOST:PORT`."""
        self._tell("target", to=address)

    @property
    def _path(self) -> str:
        return f"/proxies/{quote(self.name, safe='')}"

    def _tell(self, verb: str, **fields: Any) -> None:  # noqa: ANN401 - JSON
        self.control("POST", f"{self._path}/{verb}", fields)

    def _facts(self) -> Json:
        found: Json = self.control("GET", "/proxies")[self.name]
        return found


class FaultClient:
    """Breaks a running sandbox; everything waits for what it is meant for, unless it says now."""

    __slots__ = ()

    def fault(self: Controlled, kind: str, **fields: Any) -> None:  # noqa: ANN401
        """Queue a fault: a kind, `503`, or `commit_then_` either; fields as in `faults.Fault`.

        Example: `fault("commit_then_drop", service="cloud", method="POST", route="/v2/droplets")`.
        """
        self.control("POST", "/faults", {"kind": kind, **fields})

    def pending_faults(self: Controlled) -> list[Json]:
        """Return the faults that did not strike yet."""
        found: list[Json] = self.control("GET", "/faults")
        return found

    def clear_faults(self: Controlled) -> None:
        """Forget the faults, fates and droplets' wires that still wait, and the schedule."""
        self.control("DELETE", "/faults")

    def fate(self: Controlled, kind: str, **fields: Any) -> None:  # noqa: ANN401
        """Queue what becomes of the next droplet; kinds and fields as in `cloud.fate.Fate`.

        Example: `fate("create_fails", after=2, stays=True)`, `fate("address_late", after=5)`.
        """
        self.control("POST", "/fates", {"kind": kind, **fields})

    def pending_fates(self: Controlled) -> list[Json]:
        """Return the fates that still wait for a droplet."""
        found: list[Json] = self.control("GET", "/fates")
        return found

    def wire(self: Controlled, **fields: Any) -> None:  # noqa: ANN401
        """Say what is wrong with the next connection to a droplet; fields as in `wire.Wire`.

        For droplets that are made while the setting `proxied` is on.
        Example: `wire(after_banner=True, count=3)`.
        """
        self.control("POST", "/wires", fields)

    def schedule(self: Controlled, seed: int, **fields: Any) -> None:  # noqa: ANN401
        """Let things go wrong by seed; fields as in `schedule.Schedule`, whose lists hold JSON.

        Example: `schedule(7, rate=0.2, faults=[{"kind": "503", "weight": 3}, {"kind": "drop"}])`.
        """
        self.control("POST", "/schedule", {"seed": seed, **fields})

    def story(self: Controlled) -> list[str]:
        """Return what the schedule let happen so far, a line each, place by place."""
        found: list[str] = self.control("GET", "/schedule")
        return found

    def vanish(self: Controlled, droplet_id: int) -> None:
        """Take a droplet away as if somebody else had deleted it."""
        self.control("POST", "/vanish", {"id": droplet_id})

    def reboot(self: Controlled, droplet_id: int) -> None:
        """Reboot a droplet's machine, of which the API says nothing."""
        self.control("POST", f"/droplets/{droplet_id}/reboot", {})

    def freeze(self: Controlled, droplet_id: int) -> None:
        """Freeze a droplet: it is there, and nothing on it moves."""
        self.control("POST", f"/droplets/{droplet_id}/pause", {})

    def thaw(self: Controlled, droplet_id: int) -> None:
        """Let a frozen droplet run on."""
        self.control("POST", f"/droplets/{droplet_id}/resume", {})

    def partition(self: Controlled, droplet_id: int) -> None:
        """Lose every packet to and from a droplet, which runs on."""
        self.control("POST", f"/droplets/{droplet_id}/partition", {})

    def heal(self: Controlled, droplet_id: int) -> None:
        """Let a droplet's packets through again."""
        self.control("POST", f"/droplets/{droplet_id}/heal", {})

    def proxy(self: Controlled, to: str) -> ProxyClient:
        """Put a byte proxy before any TCP service, given as URL or as `HOST:PORT`."""
        to = urlsplit(to).netloc or to
        self.control("POST", "/proxies", {"to": to})
        return ProxyClient(name=to, control=self.control)

    def proxy_of(self: Controlled, droplet_id: int) -> ProxyClient:
        """Return the proxy of a droplet that was made while the setting `proxied` was on."""
        return ProxyClient(name=str(droplet_id), control=self.control)
