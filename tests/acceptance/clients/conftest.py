"""What every client finds: the sandbox's addresses in its environment, one droplet, no excuses."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from docklet_sandbox.client import SandboxClient

SECONDS = 60.0
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A droplet that answers SSH, and the files with which to reach it."""

    id: int
    address: str
    key: Path
    """The private key that it lets in."""
    known_hosts: Path
    """Its own host key, and no other."""

    def ssh_options(self) -> list[str]:
        """Return what `ssh` and `scp` need to trust this machine and nothing else."""
        settings = {
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(self.known_hosts),
            "GlobalKnownHostsFile": "/dev/null",
        }
        named = [f"-o{name}={value}" for name, value in settings.items()]
        return ["-F", "none", "-i", str(self.key), *named]


def eventually(look: Callable[[], _Found | None], what: str) -> _Found:
    """Return what `look` finds, once it finds anything."""
    end = time.monotonic() + SECONDS
    while (found := look()) is None:
        assert time.monotonic() < end, f"In vain: {what}."
        time.sleep(0.05)
    return found


def make_key(path: Path) -> str:
    """Make a key pair with OpenSSH and return the public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path.with_name(f"{path.name}.pub").read_text().strip()


@pytest.fixture(autouse=True)
def _pointed(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point this process at the sandbox; no client may have sent what does not exist."""
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    before, marked = sandbox.inventory(), len(sandbox.violations())
    yield
    assert sandbox.violations()[marked:] == []
    assert sandbox.inventory() == before, "Something was left in the cloud."


@pytest.fixture(scope="package", name="machine")
def _machine(
    sandbox: SandboxClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """Rent a droplet through pydo and wait until its own host key answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", sandbox.addresses.bundle)
        made = _rent(sandbox, tmp_path_factory.mktemp("machine"))
        eventually(lambda: _answers(made), "the droplet answers SSH")
        yield made
        cloud(sandbox).droplets.destroy(made.id)


def cloud(sandbox: SandboxClient) -> Any:  # noqa: ANN401 - pydo has no types
    """Return a pydo client of the sandbox, as pydo's users make one."""
    from pydo import Client

    return Client(token=sandbox.addresses.cloud_token, endpoint=sandbox.addresses.cloud)


def _rent(sandbox: SandboxClient, folder: Path) -> Machine:
    client, host_key, key = cloud(sandbox), folder / "host", folder / "key"
    public, ours = make_key(host_key), make_key(key)
    identity = {"ed25519_private": host_key.read_text(), "ed25519_public": public}
    config = {"ssh_keys": identity, "ssh_authorized_keys": [ours]}
    wanted = {
        "name": "clients",
        "region": "nyc3",
        "size": "s-1vcpu-1gb",
        "image": "docker-20-04",
        "user_data": f"#cloud-config\n{json.dumps(config)}",
    }
    number = client.droplets.create(wanted)["droplet"]["id"]
    address = eventually(lambda: _address(client, number), "the droplet has an address")
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"{address} {public}\n")
    return Machine(id=number, address=address, key=key, known_hosts=known_hosts)


def _address(client: Any, droplet: int) -> str | None:  # noqa: ANN401
    """Return a droplet's public address, if it has one yet."""
    networks = client.droplets.get(droplet)["droplet"]["networks"]["v4"]
    found = [one["ip_address"] for one in networks if one["type"] == "public"]
    return str(found[0]) if found else None


def _answers(machine: Machine) -> bool | None:
    command = ["ssh", *machine.ssh_options(), f"root@{machine.address}", "true"]
    done = subprocess.run(command, check=False, capture_output=True)
    return True if done.returncode == 0 else None
