"""What a droplet with a bad ending looks like at each moment of its life."""

from __future__ import annotations

import pytest

from docklet_sandbox.cloud.catalog import load_catalog
from docklet_sandbox.cloud.droplet import Droplet, Order
from docklet_sandbox.cloud.estate import Estate
from docklet_sandbox.cloud.fate import Fate, FateKind
from docklet_sandbox.machines import NoMachines
from docklet_sandbox.settings import Settings

_CATALOG = load_catalog()
_ORDER = Order(
    name="docklet-one",
    size=_CATALOG.sizes["s-2vcpu-4gb"],
    region=_CATALOG.regions["nyc3"],
    image=next(iter(_CATALOG.images.values())),
)


class _Time:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def _rented(fate: Fate, time: _Time) -> tuple[Estate, Droplet]:
    estate = Estate(settings=Settings(boot_delay=10.0), machines=NoMachines(), now=time)
    estate.fates.add(fate)
    droplet, _ = await estate.create(_ORDER)
    return estate, droplet


def _kinds(droplet: Droplet, now: float) -> list[str]:
    return [each["type"] for each in droplet.as_json(now, ip_delay=5.0)["networks"]["v4"]]


@pytest.mark.parametrize(
    ("kind", "between"), [(FateKind.ADDRESS_LATE, []), (FateKind.PRIVATE_FIRST, ["private"])]
)
async def test_addresses(kind: FateKind, between: list[str]) -> None:
    """The address that is late comes so much later than all addresses do."""
    _, droplet = await _rented(Fate(kind=kind, after=20.0), _Time())
    moments = (1014.0, 1016.0, 1034.0, 1036.0)
    seen = [_kinds(droplet, moment) for moment in moments]
    assert seen == [[], between, between, ["private", "public"]]


async def test_failed_create() -> None:
    """The event is under way, then errored; the droplet is `new` all the time, and then gone."""
    time = _Time()
    estate, droplet = await _rented(Fate(kind=FateKind.CREATE_FAILS, after=20.0), time)
    (event,) = estate.actions.values()
    assert [event.as_json(moment)["status"] for moment in (1019.0, 1020.0)] == [
        "in-progress",
        "errored",
    ]
    pictures = [droplet.as_json(moment, ip_delay=0.0) for moment in (1019.0, 1020.0)]
    assert [(p["status"], p["locked"]) for p in pictures] == [("new", True), ("new", False)]
    assert droplet.doomed_at == 1020.0


async def test_never_active() -> None:
    """Nothing ever becomes of it."""
    estate, droplet = await _rented(Fate(kind=FateKind.NEVER_ACTIVE), _Time())
    (event,) = estate.actions.values()
    assert event.as_json(1e9)["status"] == "in-progress"
    picture = droplet.as_json(1e9, ip_delay=0.0)
    assert (picture["status"], picture["locked"], picture["networks"]["v4"]) == ("new", True, [])


async def test_good_luck() -> None:
    """Droplets that no fate is meant for fare well."""
    estate, first = await _rented(Fate(kind=FateKind.VANISH, after=60.0, count=None), _Time())
    estate.fates.clear()
    second, event = await estate.create(_ORDER)
    assert first.doomed_at == 1060.0
    assert second.doomed_at == second.failed_at == float("inf")
    assert event.as_json(1010.0)["status"] == "completed"
