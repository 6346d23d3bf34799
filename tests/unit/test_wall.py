"""The firewall is there before a droplet is, and nobody else's is mistaken for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from docklet.domain.errors import CloudError
from docklet.domain.firewall import EVERYWHERE, SHARED, TAG, Firewall, Opening, is_shared
from docklet.domain.outcome import Reason
from docklet.pipeline.prepare import prepare, preview
from docklet.pipeline.run import run
from docklet.pipeline.wall import wall_off
from tests.builders import KEY, make_droplet, make_spec, make_trigger
from tests.worlds import make_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worlds import FakeWorld

WEB = Opening(protocol="tcp", ports="80", addresses=EVERYWHERE)
OFFICE = replace(SHARED.inbound[0], addresses=frozenset({"198.51.100.0/24"}))


async def prepared(world: FakeWorld, droplet: str = "") -> None:
    """Prepare a run."""
    await prepare(make_spec(droplet=droplet), make_trigger(), KEY, world)


async def test_it_is_made_before_the_droplet(tmp_path: Path) -> None:
    """The first run of an account makes the firewall, later ones find it; nobody takes it away."""
    world = make_world(tmp_path)
    for _ in range(2):
        plan = await prepare(make_spec(), make_trigger(), KEY, world)
        await run(plan, world)
    calls = world.cloud.calls
    assert calls.count("create_firewall") == 1
    assert calls.index("create_firewall") < calls.index("create")
    assert world.cloud.walls == {"docklet": SHARED}
    assert {TAG in order.tags for order in world.cloud.orders} == {True}
    assert TAG in world.cloud.tags


async def test_two_runs_at_once(tmp_path: Path) -> None:
    """Whoever comes second goes on with the first one's, also where lists are late to show it."""
    world = make_world(tmp_path)
    await asyncio.gather(prepared(world), prepared(world))
    assert world.cloud.walls == {"docklet": SHARED}
    world.cloud.hidden_walls = 3
    await prepared(world)
    assert world.cloud.calls.count("create") == 0


async def test_one_that_no_list_shows(tmp_path: Path) -> None:
    """What nobody can see is not relied on."""
    world = make_world(tmp_path)
    world.cloud.walls["docklet"] = SHARED
    world.cloud.hidden_walls = 99
    with pytest.raises(CloudError, match="does not list it"):
        await prepared(world)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"inbound": (*SHARED.inbound, WEB)}, r"lets in more than SSH \(tcp 80\)"),
        ({"inbound": (replace(WEB, ports="0"),)}, r"\(tcp to all ports\)"),
        ({"inbound": (replace(SHARED.inbound[0], protocol="udp"),)}, r"\(udp 22\)"),
        ({"inbound": (replace(SHARED.inbound[0], ports="22-23"),)}, r"\(tcp 22-23\)"),
        ({"inbound": ()}, "does not let SSH in"),
        ({"tags": frozenset({"web"})}, "is not bound to the tag `docklet`"),
    ],
    ids=["a second port", "all ports", "another protocol", "a range", "no SSH", "another tag"],
)
async def test_a_foreign_one(tmp_path: Path, change: dict[str, object], told: str) -> None:
    """A firewall of that name that lets in more ends the run before it costs anything."""
    world = make_world(tmp_path)
    theirs = replace(SHARED, **change)  # type: ignore[arg-type]
    world.cloud.walls["docklet"] = theirs
    with pytest.raises(CloudError, match=told) as caught:
        await prepared(world)
    assert caught.value.reason is Reason.INVALID_INPUT
    asked = {"cloud": world.cloud, "forge": world.forge, "now": world.clock.now()}
    with pytest.raises(CloudError, match=told):
        await preview(make_spec(), make_trigger(), KEY, **asked)  # type: ignore[arg-type]
    assert (world.cloud.walls, world.cloud.orders) == ({"docklet": theirs}, [])


@pytest.mark.parametrize("change", [{"inbound": (OFFICE,)}, {"outbound": ()}], ids=["in", "out"])
def test_a_narrower_one(change: dict[str, object]) -> None:
    """An owner may let in less, or out less; other firewalls are none of our business."""
    wide = Firewall(name="web", tags=frozenset({TAG}), inbound=(WEB,), outbound=())
    assert is_shared((wide, replace(SHARED, **change)))  # type: ignore[arg-type]
    assert not is_shared((wide,))


@pytest.mark.parametrize("method", ["firewalls", "create_firewall"])
async def test_trouble(tmp_path: Path, method: str) -> None:
    """Where the firewall can't be made sure of, nothing is rented."""
    world = make_world(tmp_path)
    world.cloud.fail(method, CloudError("It may not.", reason=Reason.CLOUD_DENIED))
    with pytest.raises(CloudError, match="It may not"):
        await prepared(world)
    assert not world.cloud.orders


async def test_an_existing_droplet_is_not_walled_off(tmp_path: Path) -> None:
    """A machine that is there already keeps the firewalls that it has."""
    world = make_world(tmp_path)
    world.cloud.add(replace(make_droplet(), address="203.0.113.5", status="active"))
    with pytest.raises(Exception, match="belongs to a run"):
        await prepared(world, droplet=str(make_droplet().droplet_id))
    assert not {"firewalls", "create_firewall"} & set(world.cloud.calls)


async def test_a_wall_that_is_there_costs_nothing(tmp_path: Path) -> None:
    """One list is all that a run spends on it."""
    world = make_world(tmp_path)
    await wall_off((SHARED,), world)
    assert world.cloud.calls == []
