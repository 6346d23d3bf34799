"""python-digitalocean, which many scripts are written with, works on the sandbox as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import digitalocean
import pytest

from tests.acceptance.clients.conftest import eventually, make_key

if TYPE_CHECKING:
    from pathlib import Path

    from docklet_sandbox.client import SandboxClient


@pytest.fixture(autouse=True)
def _token(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell the library where to ask, and as whom, by the variables that it reads."""
    monkeypatch.setenv("DIGITALOCEAN_ACCESS_TOKEN", sandbox.addresses.cloud_token)
    monkeypatch.setenv("DIGITALOCEAN_END_POINT", f"{sandbox.addresses.cloud}/v2/")


def test_the_life_of_a_droplet(tmp_path: Path) -> None:
    """A droplet is created with a key, found, tagged, switched off and destroyed."""
    key = digitalocean.SSHKey(name="library", public_key=make_key(tmp_path / "key"))
    key.create()
    droplet = digitalocean.Droplet(
        name="library",
        region="nyc3",
        image="docker-20-04",
        size_slug="s-1vcpu-1gb",
        ssh_keys=[key],
        tags=["by-library"],
        user_data="#!/bin/sh\ntrue\n",
    )
    droplet.create()
    eventually(lambda: settled(droplet), "the create action is completed")
    manager = digitalocean.Manager()
    (found,) = manager.get_all_droplets(tag_name="by-library")
    assert (found.id, found.status) == (droplet.id, "active")
    assert found.ip_address
    assert found.ip_address != found.private_ip_address
    found.power_off()
    eventually(lambda: manager.get_droplet(droplet.id).status == "off" or None, "it is off")
    assert droplet.destroy()
    with pytest.raises(digitalocean.NotFoundError):
        manager.get_droplet(droplet.id)
    assert key.destroy()
    assert digitalocean.Tag(name="by-library").delete()


def test_what_is_on_offer() -> None:
    """Account, regions, sizes and keys are read, all pages of them."""
    manager = digitalocean.Manager()
    assert manager.get_account().status == "active"
    assert "nyc3" in {one.slug for one in manager.get_all_regions()}
    assert len({one.slug for one in manager.get_all_sizes()}) > 20
    assert manager.get_all_sshkeys() == []


def test_a_refusal_is_told() -> None:
    """What the cloud says to an impossible order is what the library raises."""
    droplet = digitalocean.Droplet(
        name="dear", region="nyc3", image="docker-20-04", size_slug="s-0vcpu"
    )
    with pytest.raises(digitalocean.DataReadError, match="size"):
        droplet.create()


def settled(droplet: digitalocean.Droplet) -> bool | None:
    """Say whether all that was begun with a droplet has come to its end, or nothing."""
    states = {action.status for action in droplet.get_actions()}
    return True if states == {"completed"} else None
