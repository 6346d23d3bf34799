"""The sandbox's report looks at droplets' disks from inside, running or not."""

from __future__ import annotations

import base64
import secrets
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from docklet_sandbox.disks import in_containers
from docklet_sandbox.leaks import Canary, Search
from tests.acceptance.clients.conftest import cloud, eventually
from tests.acceptance.inspection import inside, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.client import SandboxClient

PLACES = {
    "root": "printf %s $1 > /root/planted",
    "memory": "printf %s $1 > /run/planted",
    "volume": "printf %s $1 | base64 > /var/lib/docker/planted",
    "log": "echo login $(printf user:%s $1 | base64 -w 0) >> /var/log/planted",
    "name": "touch /root/$1",
    "link": "ln -s /nowhere/$1 /root/link",
    "repository": "git init -q /root/r && git -C /root/r config a.b $1",
    "console": "echo $1 > /proc/1/fd/1",
}
"""How to leave a text in each kind of place."""
FOUND = {
    "root": "disk of {}: /root/planted",
    "memory": "disk of {}: /run/planted",
    "volume": "disk of {}: /var/lib/docker/planted",
    "log": "disk of {}: /var/log/planted",
    "name": "disk of {}: names",
    "link": "disk of {}: names",
    "repository": "disk of {}: /root/r/.git/config",
    "console": "console of {}",
}
"""What the report calls that place."""


@pytest.fixture(name="droplet", scope="module")
def _droplet(sandbox: SandboxClient) -> Iterator[int]:
    """Rent a droplet for all tests and wait until it boots."""
    order = {"name": "report", "size": "s-1vcpu-1gb", "image": "docker-20-04", "region": "nyc3"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", sandbox.addresses.bundle)
        client = cloud(sandbox)
        number = int(client.droplets.create(order)["droplet"]["id"])
        running(container_of(sandbox, number))
        yield number
        client.droplets.destroy(number)  # pydo is content if a test has done so already
    assert number not in sandbox.inventory().droplets


def container_of(sandbox: SandboxClient, droplet: int) -> str:
    """Return the name of a droplet's container."""
    return f"{sandbox.addresses.network}-{droplet}"


def test_a_secret_in_the_output_of_a_container(sandbox: SandboxClient, droplet: int) -> None:
    """What a container on the droplet wrote to its log and its own files is found, too."""
    container = container_of(sandbox, droplet)
    canary = Canary(name="inner", value=secrets.token_hex(20))
    told = base64.b64encode(canary.value.encode()).decode()
    wait = "until docker info; do sleep 0.1; done >/dev/null 2>&1"
    run = "docker run --env A=$1 docklet-sandbox/shell sh -c 'echo $A; echo $A > /own'"
    inside(container, "timeout", "60", "sh", "-ec", f"{wait}; {run}", "sh", told)
    places = {leak.place for leak in in_containers(sandbox, Search.of([canary]))}
    assert any(place.endswith("-json.log") for place in places)
    assert any(place.endswith("/own") for place in places)


def stopped(container: str) -> bool | None:
    """Say whether a container is at rest, or nothing."""
    ask = ["docker", "inspect", "--format={{.State.Running}}", container]
    said = subprocess.run(ask, check=True, capture_output=True).stdout
    return True if said.strip() == b"false" else None


def images() -> set[str]:
    """Return the images that a search has made and not removed."""
    ask = ["docker", "images", "--quiet", "docklet-sandbox-look"]
    return set(subprocess.run(ask, check=True, capture_output=True, text=True).stdout.split())


def test_the_command_looks_at_disks(sandbox: SandboxClient, droplet: int) -> None:
    """The report of the command line has what is on disks in it, and its exit code says so."""
    value = secrets.token_hex(20)
    inside(container_of(sandbox, droplet), "sh", "-c", f"echo {value} > /etc/planted")
    command = [sys.executable, "-m", "docklet_sandbox", "report", "--canaries=-"]
    done = subprocess.run(
        [*command, f"--state={sandbox.addresses.state}"],
        check=False,
        input=f"{value}\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    assert f"canary 1 (plain): disk of {droplet}: /etc/planted" in done.stdout
    assert value not in done.stdout


def test_a_canary_in_every_place_of_a_droplet(sandbox: SandboxClient, droplet: int) -> None:
    """Each is found where it is, and nothing before; what was in memory goes with the power."""
    birds = {name: Canary(name=name, value=secrets.token_hex(20)) for name in PLACES}
    search = Search.of(list(birds.values()))
    assert in_containers(sandbox, search) == set()
    container = container_of(sandbox, droplet)
    for name, command in PLACES.items():
        inside(container, "sh", "-ec", command, "sh", birds[name].value)
    expected = {(name, place.format(droplet)) for name, place in FOUND.items()}
    found = {(leak.canary, leak.place) for leak in in_containers(sandbox, search)}
    assert found == expected
    cloud(sandbox).droplet_actions.post(droplet, {"type": "power_off"})
    eventually(lambda: stopped(container), "the droplet is off")
    found = {(leak.canary, leak.place) for leak in in_containers(sandbox, search)}
    assert found == {one for one in expected if one[0] != "memory"}
    assert images() == set(), "An image that was made for the search is left."


def test_the_disk_of_a_deleted_droplet(sandbox: SandboxClient, droplet: int) -> None:
    """With the right setting a deleted droplet's disk stays, to be searched; else it is gone."""
    canary = Canary(name="kept", value=secrets.token_hex(20))
    container = container_of(sandbox, droplet)
    subprocess.run(["docker", "start", container], check=True, capture_output=True)
    running(container)
    inside(container, "sh", "-c", f"echo {canary.value} > /root/kept")
    sandbox.settings(keep_disks=True)
    try:
        cloud(sandbox).droplets.destroy(droplet)
        assert droplet not in sandbox.inventory().droplets
        (leak,) = in_containers(sandbox, Search.of([canary]))
        assert leak.place == f"disk of {droplet}: /root/kept"
    finally:
        sandbox.settings(keep_disks=False)
        subprocess.run(["docker", "rm", "-fv", container], check=True, capture_output=True)
