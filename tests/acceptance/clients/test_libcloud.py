"""apache-libcloud rents a machine, deploys a script to it by SSH and gives it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import libcloud.security
import pytest
from libcloud.common.types import InvalidCredsError
from libcloud.compute.deployment import ScriptDeployment
from libcloud.compute.drivers.digitalocean import DigitalOcean_v2_NodeDriver

from tests.acceptance.clients.conftest import make_key

if TYPE_CHECKING:
    from pathlib import Path

    from docklet_sandbox.client import SandboxClient


class Driver(DigitalOcean_v2_NodeDriver):  # type: ignore[misc]  # libcloud has no types
    """The driver for DigitalOcean at another address, which its constructor does not take."""

    place = ""

    def __new__(cls, key: str) -> Self:  # noqa: ARG004 - the constructor's own
        """Skip the choice between versions of the driver, which its base alone can make."""
        made: Self = object.__new__(cls)
        return made

    def _ex_connection_class_kwargs(self) -> dict[str, Any]:
        parts = urlsplit(self.place)
        return {"host": parts.hostname, "port": parts.port}


@pytest.fixture(name="driver")
def _driver(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """Return the driver, which trusts the sandbox's certificate."""
    monkeypatch.setattr(libcloud.security, "CA_CERTS_PATH", sandbox.addresses.bundle)
    monkeypatch.setattr(Driver, "place", sandbox.addresses.cloud)
    return Driver(sandbox.addresses.cloud_token)


def test_a_script_is_deployed(driver: Driver, tmp_path: Path) -> None:
    """A node is created, listed, given a script that runs there, and destroyed."""
    pair = driver.create_key_pair("libcloud", make_key(tmp_path / "key"))
    script = ScriptDeployment("#!/bin/sh\nhostname\nexit 3\n", args=["one"])
    (location,) = [one for one in driver.list_locations() if one.id == "nyc3"]
    (size,) = [one for one in driver.list_sizes(location) if one.name == "s-1vcpu-1gb"]
    (image,) = [one for one in driver.list_images() if one.extra["slug"] == "docker-20-04"]
    node = driver.deploy_node(
        name="libcloud",
        size=size,
        image=image,
        location=location,
        ex_create_attr={"ssh_keys": [pair.fingerprint], "tags": ["by-libcloud"]},
        deploy=script,
        ssh_key=str(tmp_path / "key"),
        wait_period=0.1,
    )
    assert (script.exit_status, script.stdout.strip()) == (3, "libcloud")
    (found,) = [one for one in driver.list_nodes() if one.id == node.id]
    assert found.public_ips != []
    assert found.extra["tags"] == ["by-libcloud"]
    assert driver.destroy_node(node)
    assert node.id not in {one.id for one in driver.list_nodes()}
    assert driver.delete_key_pair(pair)
    driver.connection.request("/v2/tags/by-libcloud", method="DELETE")


def test_a_wrong_token_is_told(driver: Driver) -> None:
    """A token that the cloud does not know is what libcloud calls invalid credentials."""
    stranger = Driver("dop_v1_unknown")
    with pytest.raises(InvalidCredsError, match="Unable to authenticate you"):
        stranger.list_nodes()
    assert driver.ex_account_info()["status"] == "active"
