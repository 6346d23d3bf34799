"""DigitalOcean's own client finds in the sandbox what it finds at DigitalOcean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.clients.conftest import cloud

if TYPE_CHECKING:
    from docklet_sandbox.client import SandboxClient
    from tests.acceptance.clients.conftest import Machine


def test_a_droplet_is_found(sandbox: SandboxClient, machine: Machine) -> None:
    """What was created is in the list, by name, and by id, with its actions."""
    client = cloud(sandbox)
    assert [one["id"] for one in client.droplets.list(name="clients")["droplets"]] == [machine.id]
    assert client.droplets.list(tag_name="nobodys")["droplets"] == []
    found = client.droplets.get(machine.id)["droplet"]
    assert (found["status"], found["size_slug"]) == ("active", "s-1vcpu-1gb")
    (action,) = client.droplet_actions.list(machine.id)["actions"]
    assert (action["type"], action["status"]) == ("create", "completed")


def test_what_is_on_offer(sandbox: SandboxClient) -> None:
    """Account, sizes, regions and images are there, page by page."""
    client = cloud(sandbox)
    assert client.account.get()["account"]["status"] == "active"
    first = client.sizes.list(per_page=3)
    assert len(first["sizes"]) == 3
    assert "page=2" in first["links"]["pages"]["next"]
    assert client.sizes.list(per_page=3, page=2)["sizes"][0] not in first["sizes"]
    assert "nyc3" in {one["slug"] for one in client.regions.list()["regions"]}
    images = client.images.list(type="application", per_page=200)["images"]
    assert any((one["slug"] or "").startswith("docker") for one in images)


def test_tags(sandbox: SandboxClient, machine: Machine) -> None:
    """A tag is made, put on a droplet, found by, taken off and deleted."""
    client = cloud(sandbox)
    name = client.tags.create({"name": "by-pydo"})["tag"]["name"]
    resources = {"resources": [{"resource_id": str(machine.id), "resource_type": "droplet"}]}
    client.tags.assign_resources(name, resources)
    tagged = client.droplets.list(tag_name=name)["droplets"]
    assert [one["id"] for one in tagged] == [machine.id]
    client.tags.unassign_resources(name, resources)
    assert client.droplets.list(tag_name=name)["droplets"] == []
    client.tags.delete(name)


def test_refusals_are_told(sandbox: SandboxClient) -> None:
    """A droplet that is not there is an answer to pydo, any other refusal an exception."""
    from azure.core.exceptions import HttpResponseError

    client = cloud(sandbox)
    assert client.droplets.destroy(1)["id"] == "not_found"
    with pytest.raises(HttpResponseError, match="size") as caught:
        client.droplets.create(_order("s-0vcpu"))
    assert caught.value.status_code == 422


def _order(size: str) -> dict[str, str]:
    return {"name": "dear", "region": "nyc3", "size": size, "image": "docker-20-04"}
