"""What is to be said of a sandbox's use: calls, violations, what is left, the bill, leaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from docklet_sandbox import artefacts, disks
from docklet_sandbox.calls import Run, runs
from docklet_sandbox.leaks import Canary, Leak, Search

if TYPE_CHECKING:
    from docklet_sandbox.client import Inventory, SandboxClient

_PLACES = (
    artefacts.in_services,
    artefacts.in_journal,
    artefacts.in_files,
    artefacts.in_git,
    disks.in_containers,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rent:
    """What one droplet cost."""

    droplet: int
    name: str
    size: str
    seconds: float
    dollars: float
    deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """All findings; there should be no violations, no leftovers and no leaks."""

    runs: tuple[Run, ...]
    violations: tuple[str, ...]
    leftovers: tuple[str, ...]
    """What the account owns beyond what it had at the start; firewalls for a tag may stay."""
    bill: tuple[Rent, ...]
    leaks: tuple[Leak, ...]
    canaries: int
    """How many secrets were looked for."""

    @property
    def clean(self) -> bool:
        """Whether there is nothing to complain about."""
        return not (self.violations or self.leftovers or self.leaks)

    @property
    def dollars(self) -> float:
        """The whole bill."""
        return sum(rent.dollars for rent in self.bill)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain JSON."""
        return {"clean": self.clean, "dollars": self.dollars, **asdict(self)}


def audit(
    client: SandboxClient, canaries: Sequence[Canary] = (), start: Inventory | None = None
) -> Audit:
    """Examine a running sandbox; `start` is what there was at the start, if there was anything."""
    history = client.history()
    return Audit(
        runs=tuple(runs(client.journal(), history)),
        violations=tuple(client.violations()),
        leftovers=tuple(_leftovers(client.inventory(), start)),
        bill=tuple(_rent(droplet) for droplet in history),
        leaks=tuple(sorted(find_leaks(client, canaries))),
        canaries=len(canaries),
    )


def find_leaks(client: SandboxClient, canaries: Sequence[Canary]) -> set[Leak]:
    """Look for canaries in everything that a sandbox holds."""
    if not canaries:
        return set()
    search = Search.of(canaries)
    return {leak for look in _PLACES for leak in look(client, search)}


def _leftovers(now: Inventory, start: Inventory | None) -> list[str]:
    """Name what is there and was not at the start, but for what is made to stay."""
    left = [
        f"droplet {number} {droplet['name']}"
        for number, droplet in now.droplets.items()
        if start is None or number not in start.droplets
    ]
    for kind in ("tags", "keys", "firewalls"):
        before = frozenset() if start is None else getattr(start, kind)
        new = sorted(getattr(now, kind) - before)
        left += [f"{kind.removesuffix('s')} {name}" for name in new]
    return [name for name in left if name not in now.standing]


def _rent(droplet: dict[str, Any]) -> Rent:
    return Rent(
        droplet=droplet["id"],
        name=droplet["name"],
        size=droplet["size"],
        seconds=droplet["seconds"],
        dollars=droplet["dollars"],
        deleted=droplet["deleted"] is not None,
    )
