"""What can be done to a droplet that lives, and what not."""

from __future__ import annotations

import pytest

from tests.contract.sandbox_cloud.conftest import Body, Office


async def _act(office: Office, droplet: int, body: Body, status: int = 201) -> Body:
    answer = await office.ask("POST", f"/v2/droplets/{droplet}/actions", body)
    assert answer.status == status, answer.json
    found: Body = answer.json
    return found


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        *(("power_off", "off"), ("shutdown", "off"), ("power_on", "active")),
        *(("reboot", "active"), ("power_cycle", "active")),
    ],
)
async def test_power(office: Office, kind: str, status: str) -> None:
    """A droplet that is off is still there, listed and billed."""
    droplet = await office.droplet()
    action = (await _act(office, droplet, {"type": kind}))["action"]
    assert (action["type"], action["resource_id"]) == (kind, droplet)
    [listed] = (await office.ask("GET", "/v2/droplets")).json["droplets"]
    assert listed["status"] == status
    assert office.violations() == []


@pytest.mark.parametrize(
    "body",
    [
        {"type": "explode"},
        {"type": "resize", "size": "s-2vcpu-4gb"},
        {"type": 1},
        {"name": "docklet"},
    ],
    ids=str,
)
async def test_other_actions_are_violations(office: Office, body: Body) -> None:
    """Those that the sandbox can't do are not ignored, either."""
    droplet = await office.droplet()
    await _act(office, droplet, body, status=500)
    assert len(office.violations()) == 1


@pytest.mark.usefixtures("cloud_contract")
async def test_each_action_has_its_own_fields(office: Office) -> None:
    """What a rename needs, a reboot doesn't have."""
    await _act(office, await office.droplet(), {"type": "reboot", "name": "a"}, status=500)
    assert len(office.violations()) == 1


async def test_a_rename_is_seen(office: Office) -> None:
    """The new name is shown, found and no longer the old one."""
    droplet = await office.droplet()
    await _act(office, droplet, {"type": "rename", "name": "kept"})
    assert (await office.ask("GET", "/v2/droplets?name=docklet-one")).json["droplets"] == []
    [found] = (await office.ask("GET", "/v2/droplets?name=KEPT")).json["droplets"]
    assert found["id"] == droplet


@pytest.mark.parametrize(
    ("named", "name"), [({"name": "warm"}, "warm"), ({}, "docklet-one-1800000000")]
)
async def test_a_snapshot_is_a_private_image(office: Office, named: Body, name: str) -> None:
    """It is named after droplet and time unless it has a name, and boots a droplet."""
    droplet = await office.droplet()
    await _act(office, droplet, {"type": "snapshot", **named})
    [image] = (await office.ask("GET", "/v2/images?private=true")).json["images"]
    assert (image["name"], image["public"], image["slug"]) == (name, False, None)
    assert await office.droplet(image=image["id"])
    assert await office.droplet(image=str(image["id"]))
    assert office.violations() == []


async def test_a_snapshot_needs_the_scope_for_images(office: Office) -> None:
    """The right to power a droplet off is not the right to copy it."""
    droplet = await office.droplet()
    office.settings.tokens |= {
        "few": ["droplet:update"],
        "more": ["droplet:update", "image:create"],
    }
    path, body = f"/v2/droplets/{droplet}/actions", {"type": "snapshot", "name": "warm"}
    assert (await office.ask("POST", path, body, token="few")).status == 403
    assert (await office.ask("POST", path, {"type": "reboot"}, token="few")).status == 201
    assert (await office.ask("POST", path, body, token="more")).status == 201
