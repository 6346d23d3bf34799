"""What cloud-init is told: the run's keys, the pull's head start, no secret of the user's.

Everything on the droplet can read this from the metadata service, so it holds only keys that were
made for this run. JSON is YAML, so nothing has to be quoted by hand.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from docklet.domain.keys import RunKeys

SSHD_FILE: Final = "/etc/ssh/sshd_config.d/00-docklet.conf"
SSHD: Final = {
    "AllowUsers": "root",
    "PermitRootLogin": "prohibit-password",
    "AuthenticationMethods": "publickey",
    "PubkeyAuthentication": "yes",
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "HostbasedAuthentication": "no",
    "PermitUserEnvironment": "no",
    "DisableForwarding": "yes",
    "AllowAgentForwarding": "no",
    "AllowTcpForwarding": "no",
    "AllowStreamLocalForwarding": "no",
    "X11Forwarding": "no",
    "PermitTunnel": "no",
}
"""Root alone logs in, by key alone, to run commands and for nothing else."""


def user_data(keys: RunKeys, *, image: str, install_docker: bool, lfs: bool = False) -> str:
    """Return the cloud-config for a run's droplet; ASCII, well below 64 KiB.

    `image` is pulled early unless it is empty (a private image needs a login that must not be
    here).
    """
    config: dict[str, Any] = {
        "disable_root": False,
        "ssh_pwauth": False,
        "ssh_deletekeys": True,
        "ssh_keys": {
            "ed25519_private": keys.host_private.reveal(),
            "ed25519_public": keys.host_public,
        },
        "ssh_authorized_keys": [keys.client_public],
        # cloud-init writes files before sshd starts; of two values sshd takes the first.
        "write_files": [
            {"path": SSHD_FILE, "permissions": "0600", "content": _sshd_settings()},
        ],
        # Docker's 1-click image lets in 6 new SSH connections in 30 s; that locks out a retry.
        "bootcmd": [["sh", "-c", "if command -v ufw; then ufw allow ssh; fi"]],
    }
    packages = ["docker.io", "git"] * install_docker + ["git-lfs"] * lfs
    if packages:
        config |= {"package_update": True, "packages": packages}
    if image:
        config["runcmd"] = [["docker", "pull", "--quiet", image]]
    return "#cloud-config\n" + json.dumps(config, indent=1)


def _sshd_settings() -> str:
    """Return the file for sshd."""
    return "".join(f"{name} {value}\n" for name, value in SSHD.items())
