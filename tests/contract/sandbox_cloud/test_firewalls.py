"""Firewalls: names are unique, tags have to be there, and a droplet knows what was before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.sandbox_cloud.conftest import wall

if TYPE_CHECKING:
    from tests.contract.sandbox_cloud.conftest import Office

WEB = {"protocol": "tcp", "ports": "80", "sources": {"addresses": ["0.0.0.0/0"]}}


async def test_a_name_is_taken_once(office: Office) -> None:
    """A second firewall of a name is refused in the service's words, and the first one stays."""
    await office.firewall()
    again = await office.ask("POST", "/v2/firewalls", wall(inbound_rules=[WEB]))
    assert (again.status, again.json["message"]) == (409, "duplicate name")
    listed = await office.ask("GET", "/v2/firewalls")
    assert [one["inbound_rules"] for one in listed.json["firewalls"]] == [wall()["inbound_rules"]]
    assert office.violations() == []


async def test_its_tag_has_to_be_there(office: Office) -> None:
    """A firewall makes no tag, and loses one that is deleted."""
    early = await office.ask("POST", "/v2/firewalls", wall(tags=["web"]))
    assert (early.status, early.json["message"]) == (400, "tag does not exist")
    await office.ask("POST", "/v2/tags", {"name": "web"})
    made = await office.ask("POST", "/v2/firewalls", wall(tags=["web"]))
    assert (made.status, made.json["firewall"]["tags"]) == (202, ["web"])
    await office.ask("DELETE", "/v2/tags/web")
    listed = await office.ask("GET", "/v2/firewalls")
    assert listed.json["firewalls"][0]["tags"] == []


@pytest.mark.parametrize("missing", ["firewall:create", "tag:create", "tag:read"])
async def test_scopes(office: Office, missing: str) -> None:
    """To name a tag takes the scopes for tags, too."""
    await office.ask("POST", "/v2/tags", {"name": "web"})
    scopes = {"firewall:create", "tag:create", "tag:read"} - {missing}
    office.settings.tokens |= {"most": sorted(scopes)}
    answer = await office.ask("POST", "/v2/firewalls", wall(tags=["web"]), token="most")
    assert (answer.status, office.violations()) == (403, [])


async def test_what_stands_before_a_droplet(office: Office) -> None:
    """What its firewalls let in is noted at its creation: of several, all openings count."""
    await office.ask("POST", "/v2/tags", {"name": "web"})
    bare = await office.droplet(tags=["web"])
    await office.ask("POST", "/v2/firewalls", wall(tags=["web"]))
    walled, other = await office.droplet(tags=["a", "web"]), await office.droplet(tags=["a"])
    await office.ask("POST", "/v2/firewalls", wall(name="two", tags=["web"], inbound_rules=[WEB]))
    wide = await office.droplet(tags=["web"])
    found = [office.estate.droplets[one].openings for one in (bare, walled, other, wide)]
    assert found == [None, ("tcp 22",), None, ("tcp 22", "tcp 80")]
