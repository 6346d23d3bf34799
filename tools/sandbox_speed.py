"""How long the sandbox makes one wait: for itself, and for a droplet that answers SSH."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docklet_sandbox.launch import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.client import SandboxClient

_ORDER: Final = {
    "name": "speed",
    "size": "s-1vcpu-1gb",
    "image": "docker-20-04",
    "region": "nyc3",
}
_STEP: Final = 0.02


def waits(folder: Path) -> Iterator[tuple[str, float]]:
    """Start a sandbox, rent a droplet, and yield what took how many seconds."""
    started = time.monotonic()
    with running(folder / "state") as sandbox:
        yield "starts in", time.monotonic() - started
        yield "droplet answers SSH in", _until_ssh(sandbox, folder)


def _until_ssh(sandbox: SandboxClient, folder: Path) -> float:
    """Return the seconds from a create request until one can log in by SSH."""
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = (folder / "key.pub").read_text(encoding="utf-8").strip()
    config = json.dumps({"ssh_authorized_keys": [public]})
    order = {**_ORDER, "user_data": f"#cloud-config\n{config}"}
    started = time.monotonic()
    number = _ask(sandbox, "POST", "/v2/droplets", order)["droplet"]["id"]
    networks = _ask(sandbox, "GET", f"/v2/droplets/{number}")["droplet"]["networks"]["v4"]
    (address,) = [one["ip_address"] for one in networks if one["type"] == "public"]
    while not _logs_in(address, key):
        time.sleep(_STEP)
    seconds = time.monotonic() - started
    _ask(sandbox, "DELETE", f"/v2/droplets/{number}")
    return seconds


def _logs_in(address: str, key: Path) -> bool:
    settings = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"]
    named = [f"-o{setting}" for setting in settings]
    command = ["ssh", "-F", "none", "-q", "-i", str(key), *named, f"root@{address}", "true"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _ask(sandbox: SandboxClient, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
    """Send one request to the cloud and return the JSON that it answers."""
    addresses = sandbox.addresses
    request = urllib.request.Request(  # noqa: S310 - an address of the sandbox
        addresses.cloud + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {addresses.cloud_token}",
            "Content-Type": "application/json",
        },
    )
    context = ssl.create_default_context(cafile=addresses.bundle)
    with urllib.request.urlopen(request, context=context) as answer:  # noqa: S310
        return json.loads(answer.read() or b"{}")
