"""The parts of the sandbox's cloud that need no socket: life, bill, limits, settings, state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from docklet_sandbox.cloud.catalog import load_catalog
from docklet_sandbox.cloud.droplet import Droplet, Order
from docklet_sandbox.cloud.errors import ApiError
from docklet_sandbox.cloud.estate import Estate
from docklet_sandbox.cloud.limits import Limits
from docklet_sandbox.cloud.order import orders_from
from docklet_sandbox.machines import NoMachines
from docklet_sandbox.settings import Settings
from docklet_sandbox.state import SandboxError, State

_CATALOG = load_catalog()
_ORDER = Order(
    name="docklet-one",
    size=_CATALOG.sizes["s-2vcpu-4gb"],
    region=_CATALOG.regions["nyc3"],
    image=next(iter(_CATALOG.images.values())),
)


def _droplet(order: Order = _ORDER) -> Droplet:
    return Droplet(id=7, order=order, name=order.name, tags=[], created=1000.0, active_at=1030.0)


@pytest.mark.parametrize(
    ("seconds", "dollars"),
    [(0, 0.01), (60, 0.01), (3600, 0.03571), (7200, 0.07142)],
)
def test_the_bill_is_by_the_second(seconds: float, dollars: float) -> None:
    """Every second counts, above a minute and above one cent."""
    assert _droplet().cost(1000.0 + seconds) == pytest.approx(dollars)


def test_a_dear_minute_is_a_minute() -> None:
    """A GPU droplet of five seconds costs its first minute."""
    order = replace(_ORDER, size=_CATALOG.sizes["gpu-h100x8-640gb"])
    assert _droplet(order).cost(1005.0) == pytest.approx(23.92 / 60)


def test_the_bill_ends_with_the_droplet() -> None:
    """A deleted droplet costs no more."""
    droplet = _droplet()
    droplet.deleted = 1000.0 + 3600
    assert droplet.cost(9_999_999.0) == pytest.approx(0.03571)


def test_a_picture_depends_on_the_moment() -> None:
    """New without networks, active without networks, then both networks, the private one first."""
    droplet = _droplet()
    droplet.address = "192.0.2.9"
    born, up, found = (droplet.as_json(now, ip_delay=5.0) for now in (1000.0, 1030.0, 1035.0))
    assert [p["status"] for p in (born, up, found)] == ["new", "active", "active"]
    assert [p["locked"] for p in (born, up, found)] == [True, False, False]
    assert born["networks"] == up["networks"] == {"v4": [], "v6": []}
    assert found["networks"]["v4"][1]["ip_address"] == "192.0.2.9"
    droplet.powered = False
    assert droplet.as_json(1040.0, ip_delay=0.0)["status"] == "off"


def test_regions_can_be_prefixes() -> None:
    """`nyc` is any of New York's regions that has the size."""
    estate = Estate(settings=Settings(), machines=NoMachines())
    body = {"name": "a", "size": "gpu-h100x1-80gb", "image": "gpu-h100x1-base", "region": "nyc"}
    assert orders_from(body, estate)[0].region["slug"] == "nyc2"


def test_bursts_and_hours_are_limited() -> None:
    """A burst is told how long to wait, an hour's end is not; both windows slide."""
    limits = Limits(settings=Settings(limit_minute=2, limit_hour=3))
    assert limits.spend("token", 0.0)["ratelimit-remaining"] == "2"
    assert limits.spend("token", 10.0)["ratelimit-reset"] == "3600"
    with pytest.raises(ApiError) as burst:
        limits.spend("token", 20.0)
    assert burst.value.headers["retry-after"] == "41"
    assert limits.spend("other", 20.0)["ratelimit-remaining"] == "2"
    limits.spend("token", 61.0)
    with pytest.raises(ApiError) as hour:
        limits.spend("token", 200.0)
    assert "retry-after" not in hour.value.headers
    limits.spend("token", 3601.0)


def test_settings_are_checked() -> None:
    """An unknown knob or a value of another type is refused, and nothing is changed by it."""
    settings = Settings()
    settings.patch({"boot_delay": 3, "full_regions": ["nyc3"]})
    assert settings.boot_delay == 3.0
    with pytest.raises(ValueError, match="boot_dely"):
        settings.patch({"api_delay": 1, "boot_dely": 3})
    with pytest.raises(TypeError, match="droplet_limit"):
        settings.patch({"droplet_limit": "many"})
    with pytest.raises(TypeError, match="droplet_limit"):
        settings.patch({"droplet_limit": True})
    with pytest.raises(TypeError, match="foreign_host_key"):
        settings.patch({"foreign_host_key": 1})
    assert settings.api_delay == 0.0
    settings.reset({"ip_delay": 2})
    assert settings == Settings(ip_delay=2.0)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """Neither starting nor removing a sandbox touches a folder that no sandbox made."""
    (tmp_path / "thesis.txt").write_text("ten years", encoding="utf-8")
    state = State.at(tmp_path)
    for act in (state.prepare, state.remove):
        with pytest.raises(SandboxError, match="not a sandbox's folder"):
            act()
    assert (tmp_path / "thesis.txt").exists()


def test_a_folder_has_one_sandbox(tmp_path: Path) -> None:
    """While a server holds the folder nobody else gets it; its death is noticed at once."""
    state = State.at(tmp_path / "state")
    with pytest.raises(SandboxError, match="No sandbox runs"):
        state.addresses()
    with state.claim("none"):
        assert state.pid() is not None
        with pytest.raises(SandboxError, match="already"):
            state.claim("none")
    assert state.pid() is None
    state.remove()
    assert not state.root.exists()
