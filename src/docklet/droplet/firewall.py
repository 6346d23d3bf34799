"""Containers are cut off from the metadata service, which would show them our user_data.

The rule has to be there before the first container starts.
"""

from __future__ import annotations

import subprocess

from docklet.droplet.failure import Failure

METADATA = "169.254.0.0/16"
# Docker's own chain for its users; a daemon that keeps off iptables has none.
_CHAINS = ("DOCKER-USER", "FORWARD")


def cut_off_metadata() -> None:
    """Drop what containers send to link-local addresses; asking twice is fine."""
    complaints = []
    for chain in _CHAINS:
        rule = (chain, "-d", METADATA, "-j", "DROP")
        if _iptables("-C", *rule)[0] or _iptables("-I", *rule)[0]:
            return
        complaints.append(_iptables("-C", *rule)[1])
    message = "Containers could not be cut off from the metadata service, so none is started."
    raise Failure("firewall-failed", f"{message} iptables says: {complaints[0]}")


def _iptables(*arguments: str) -> tuple[bool, str]:
    try:
        done = subprocess.run(
            ("iptables", "--wait", "10", *arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return False, "not installed"
    return done.returncode == 0, done.stderr.decode("utf-8", "replace").strip()
