"""The runs whose droplets exist, and which of them a word on the command line means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docklet.domain import values
from docklet.domain.errors import InvalidInputs, Problem, Unreachable
from docklet.domain.identity import Identity, identity_of
from docklet.render.listing import Listed, line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from docklet.ports import Cloud, Droplet
    from docklet.wiring import Settings

SHORTEST: Final = 4
"""Digits of a run's key that are enough, if they mean one run only."""
_DIGITS: Final = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rented:
    """A droplet of ours."""

    droplet: Droplet
    identity: Identity

    def listed(self, now: float) -> Listed:
        """Describe it as it is at `now`."""
        found = self.droplet
        return Listed(
            droplet_id=found.droplet_id,
            name=found.name,
            identity=self.identity,
            status=found.status,
            size=found.size,
            region=found.region,
            address=found.address,
            price_hourly=found.price_hourly,
            created=found.created,
            now=now,
        )

    def goes_by(self, word: str) -> bool:
        """Tell whether `word` is its id, its name, or how its run's key begins."""
        if word in {str(self.droplet.droplet_id), self.droplet.name}:
            return True
        return len(word) >= SHORTEST and self.identity.key.startswith(word)

    @property
    def address(self) -> str:
        """Its public IPv4; raise `Unreachable` while it has none."""
        if not self.droplet.address:
            message = f"Droplet {self.droplet.droplet_id} has no address yet. Try again shortly."
            raise Unreachable(message)
        return self.droplet.address


def cloud_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings of a command that needs the cloud; raise `InvalidInputs` without it."""
    from docklet.wiring import settings_from

    settings = settings_from(environ)
    if not settings.cloud_token:
        raise InvalidInputs((NO_TOKEN,))
    return settings


async def rented(cloud: Cloud) -> tuple[Rented, ...]:
    """Return all droplets of ours, those with GPUs too, oldest first."""
    from docklet.pipeline.world import together

    plain, gpus = await together(cloud.droplets(), cloud.gpu_droplets())
    return ours((*plain, *gpus))


def ours(droplets: Iterable[Droplet]) -> tuple[Rented, ...]:
    """Return those of `droplets` that are ours, oldest first."""
    found = [
        Rented(droplet=one, identity=who)
        for one in droplets
        if (who := identity_of(one.name, one.tags)) is not None
    ]
    return tuple(sorted(found, key=lambda one: one.droplet.created))


def chosen(word: str, candidates: Iterable[Rented], now: float) -> Rented:
    """Return the one droplet that `word` means; raise `InvalidInputs` with the candidates."""
    candidates = tuple(candidates)
    found = tuple(one for one in candidates if one.goes_by(word.lower()))
    if len(found) == 1:
        return found[0]
    if found:
        said = f"`{values.shown(word)}` means {len(found)} droplets. Give more digits, or an id."
    elif _DIGITS.fullmatch(word.lower()) and len(word) < SHORTEST:
        said = f"`{values.shown(word)}` is too short. Give at least {SHORTEST} digits of the key."
    else:
        said = f"No droplet of docklet's goes by `{values.shown(word)}`."
    shown = [f"  {line(one.listed(now))}" for one in found or candidates]
    rest = "\n".join(["There are:", *shown]) if shown else "docklet has no droplets."
    raise InvalidInputs((Problem(name="RUN", message=f"{said} {rest}"),))


NO_TOKEN: Final = Problem(
    name="DIGITALOCEAN_TOKEN",
    message=(
        "It is not set. Create a token at https://cloud.digitalocean.com/account/api/tokens and"
        " export it."
    ),
)
