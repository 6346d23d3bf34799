"""Containers are cut off from the metadata service, and from private networks unless asked for.

The service would show them our user_data; private networks have the account's other machines.
The rules have to be there before the first container starts. Those about private networks are for
a network of Docker's that only our containers are in, since a machine may have others.
"""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress
from ipaddress import ip_address
from typing import Iterable

from docklet.droplet.engine import Engine, Refused
from docklet.droplet.failure import Failure
from docklet.droplet.lock import turn

METADATA = "169.254.0.0/16"
PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", METADATA, "172.16.0.0/12", "192.168.0.0/16")
"""Private use (RFC 1918), shared by a provider (RFC 6598), and of the link."""
PRIVATE_6 = ("fc00::/7", "fe80::/10")
NETWORK = "docklet"
BRIDGE = "docklet0"
"""The network's interface, which the rules know it by."""
_CHAIN = "DOCKLET"
_TURN = "/run/docklet-firewall.lock"
# Docker's own chain for its users; a daemon that keeps off iptables has none.
_CHAINS = ("DOCKER-USER", "FORWARD")
_NAME_OF_BRIDGE = "com.docker.network.bridge.name"
_RESOLVERS = ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf")
_NAMESERVER = re.compile(r"^nameserver\s+(\S+)", re.MULTILINE)
_CONFLICT = 409
_DNS = ("udp", "tcp")
_FROM_METADATA = "Containers could not be cut off from the metadata service"
_FROM_PRIVATE = "Containers could not be cut off from private networks"
_STRANGE = f"Docker has a network `{NETWORK}` that is not docklet's; rename it."


def cut_off_metadata() -> None:
    """Drop what containers send to link-local addresses; asking twice is fine."""
    complaints = []
    for chain in _CHAINS:
        rule = (chain, "-d", METADATA, "-j", "DROP")
        if _run("iptables", "-C", *rule)[0] or _run("iptables", "-I", *rule)[0]:
            return
        complaints.append(_run("iptables", "-C", *rule)[1])
    raise _failed(_FROM_METADATA, f"iptables says: {complaints[0]}")


def walled_network(engine: Engine) -> str:
    """Return a network whose containers can't reach private addresses; make it if need be."""
    with turn(_TURN):  # the daemon refuses two networks in the making
        _make_network(engine)
        _wall("iptables", PRIVATE, _nameservers())
        if os.path.exists("/proc/net/if_inet6"):
            _wall("ip6tables", PRIVATE_6, ())
    return NETWORK


def rules(private: Iterable[str], nameservers: Iterable[str]) -> str:
    """Return the input of `iptables-restore`, which replaces the rules of our chain at once.

    Names go on being looked up where the machine does, also at a private address.
    """
    names = [f"-d {one} -p {protocol} --dport 53" for one in nameservers for protocol in _DNS]
    rest = [f"-d {network}" for network in private]
    lines = [f"-A {_CHAIN} {what} -j ACCEPT" for what in names]
    lines += [f"-A {_CHAIN} {what} -j DROP" for what in rest]
    return "\n".join(["*raw", f":{_CHAIN} - [0:0]", *lines, "COMMIT", ""])


def _make_network(engine: Engine) -> None:
    wanted = {
        "Name": NETWORK,
        "CheckDuplicate": True,
        "Driver": "bridge",
        "Options": {_NAME_OF_BRIDGE: BRIDGE},
    }
    try:
        engine.call("POST", "/networks/create", body=wanted)
    except Refused as refused:
        if refused.status != _CONFLICT:
            complaint = f"Docker says: {refused.message}"
            raise _failed(_FROM_PRIVATE, complaint) from refused
        _check_network(engine)


def _check_network(engine: Engine) -> None:
    """Raise unless the network of our name is the one that the rules are about."""
    with suppress(Refused):
        found = engine.call("GET", f"/networks/{NETWORK}")
        if (found.get("Options") or {}).get(_NAME_OF_BRIDGE) == BRIDGE:
            return
    raise _failed(_FROM_PRIVATE, _STRANGE)


def _wall(program: str, private: Iterable[str], nameservers: Iterable[str]) -> None:
    """Drop what our containers send there, wherever it would be going, this machine included."""
    text = rules(private, nameservers)
    done, complaint = _run(f"{program}-restore", "--noflush", stdin=text)
    if done:
        rule = ("PREROUTING", "-i", BRIDGE, "-j", _CHAIN)
        if _run(program, "-t", "raw", "-C", *rule)[0]:
            return
        done, complaint = _run(program, "-t", "raw", "-I", *rule)
    if not done:
        raise _failed(_FROM_PRIVATE, f"{program} says: {complaint}")


def _nameservers() -> list[str]:
    """Return the private IPv4 addresses at which this machine looks names up."""
    found = []
    for path in _RESOLVERS:
        with suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
            found += _NAMESERVER.findall(file.read())
    return sorted({address for address in found if _is_private(address)})


def _is_private(text: str) -> bool:
    """Tell whether a text is an IPv4 address that containers could not reach otherwise."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return address.version == 4 and not address.is_loopback and not address.is_global  # noqa: PLR2004


def _failed(what: str, complaint: str) -> Failure:
    return Failure("firewall-failed", f"{what}, so none is started. {complaint}")


def _run(program: str, *arguments: str, stdin: str = "") -> tuple[bool, str]:
    try:
        done = subprocess.run(
            (program, "--wait", "10", *arguments),
            input=stdin.encode("ascii"),
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return False, f"{program} is not installed"
    return done.returncode == 0, done.stderr.decode("utf-8", "replace").strip()
