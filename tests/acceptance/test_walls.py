"""The walls around a script, seen from inside of its container and from its droplet."""

from __future__ import annotations

import json
import re
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from docklet.render.userdata import SSHD
from tests.acceptance.inspection import inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.acceptance.scene import Scene

BITS = {0: "CHOWN", 1: "DAC_OVERRIDE", 3: "FOWNER", 4: "FSETID", 5: "KILL", 6: "SETGID"}
BITS |= {7: "SETUID"}
"""The kernel's numbers (linux/capability.h) of what the container may."""
ALLOWED = sum(1 << bit for bit in BITS)
# An open port answers at once; a packet that is dropped is waited for in vain.
LOOK = """\
reach() {
  timeout 3 bash -c ": < /dev/tcp/$2/$3" 2>/dev/null && echo "$1=open" || echo "$1=closed"
}
hex=$(awk '$2 == "00000000" {print $3}' /proc/net/route)
gateway=$((0x${hex:6:2})).$((0x${hex:4:2})).$((0x${hex:2:2})).$((0x${hex:0:2}))
{
  reach neighbour {neighbour} &
  reach host {host} &
  reach metadata 169.254.169.254 80 &
  reach gateway $gateway 22 &
  { timeout 3 getent hosts neighbour.example > name && echo name=found || echo name=unknown; } &
  wait
} | sort > seen.txt
cat /proc/self/status > status.txt
ls /run/docker.sock /var/run/docker.sock > sockets.txt 2>/dev/null
awk '$5 == "/work" {print $4}' /proc/self/mountinfo | wc -l > mounts.txt
touch mine && chown 1234:1234 mine && mknod device c 1 3 && echo device > device.txt
rm -f mine name
"""
CLOSED = "gateway=closed\nhost=closed\nmetadata=closed\n"
OPEN = "gateway=open\nhost=open\nmetadata=closed\n"
OPENED = ("--private-network", "true")
# Says of every name that it is 192.0.2.7.
NAMES = """
import socket
here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
here.bind(("", 53))
while True:
    asked, who = here.recvfrom(512)
    end = asked.index(b"\\0", 12) + 5
    wants_address = asked[end - 4:end - 2] == b"\\0\\1"
    head = asked[:2] + b"\\x81\\x80\\0\\1" + bytes([0, wants_address]) + bytes(4)
    found = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4\\xc0\\0\\2\\7" if wants_address else b""
    here.sendto(head + asked[12:end] + found, who)
"""


AT_A_TIME = 6
# Every process starts to make the network at the same moment.
AT_ONCE = """
ls -d /var/lib/docklet/*/agent.pyz | head -n 1 | {
  read -r agent
  docker network rm docklet > /dev/null
  for _ in $(seq $2); do
    PYTHONPATH="$agent" python3 -c "
import time
from docklet.droplet.engine import connect
from docklet.droplet.firewall import walled_network
time.sleep(max(0, $1 - time.time()))
print(walled_network(connect()))" &
  done
  wait
}
"""


def test_the_walls(scene: Scene) -> None:
    """A script has few powers and no way to private addresses, unless it was given that one."""
    scene.write({"look.sh": look(scene)})
    done = scene.run("look.sh", "--keep", "always")
    assert done.code == 0, done.output
    check_seen(scene, f"{CLOSED}name=unknown\nneighbour=closed\n")
    (droplet,) = scene.sandbox.inventory().droplets.values()
    machine = f"docklet-sandbox-{scene.sandbox.addresses.id}-{droplet['id']}"
    check_inspection(machine)
    check_sshd(machine)
    there = ("--droplet", droplet["name"], "--comment", "none")
    with name_server(scene) as address:
        resolver = f"nameserver {address}\n".encode()
        inside(machine, "sh", "-c", "cat > /etc/resolv.conf", stdin=resolver)
        for more, seen, way in ((), CLOSED, "closed"), (OPENED, OPEN, "open"):
            done = scene.run("look.sh", *there, *more)
            assert done.code == 0, done.output
            check_seen(scene, f"{seen}name=found\nneighbour={way}\n")
    check_made_at_once(machine)
    assert scene.docklet("rm", droplet["name"]).code == 0


def check_made_at_once(machine: str) -> None:
    """Let runs begin on one machine at the same moment: they share the network that they make."""
    moment = str(time.time() + 3)
    answers = inside(machine, "sh", "-c", AT_ONCE, "at-once", moment, str(AT_A_TIME)).decode()
    assert answers.splitlines().count("docklet") == AT_A_TIME, answers


@contextmanager
def name_server(scene: Scene) -> Iterator[str]:
    """Look names up at a private address on the droplet's network, as some machines do."""
    image, network = "python:3.11-slim-bookworm", scene.sandbox.addresses.network
    start = ("docker", "run", "--detach", "--rm", f"--network={network}", image)
    name = subprocess.run(
        (*start, "python3", "-c", NAMES), check=True, capture_output=True, text=True
    ).stdout.strip()
    address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    asked = ("docker", "inspect", "--format", address, name)
    try:
        told = subprocess.run(asked, check=True, capture_output=True)
        yield told.stdout.decode().strip()
    finally:
        subprocess.run(("docker", "rm", "--force", name), check=True, capture_output=True)


def look(scene: Scene) -> str:
    """Return the script, which knows a neighbour on the droplet's network, and its name."""
    addresses = scene.sandbox.addresses
    network = addresses.cloud.removeprefix("https://").rpartition(".")[0]
    places = {
        "{neighbour}": f"{network}.2 5000",
        "{host}": port_of(addresses.cloud),
    }
    script = LOOK
    for place, value in places.items():
        script = script.replace(place, value)
    return script


def port_of(url: str) -> str:
    """Return address and port of a URL, as `reach` takes them."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    return f"{parts.hostname} {parts.port}"


def check_seen(scene: Scene, wanted: str) -> None:
    """Check what the script saw of its own powers, and of the world."""
    assert scene.show("seen.txt") == wanted.encode()
    status = (scene.show("status.txt") or b"").decode()
    powers = {name: int(value, 16) for name, value in re.findall(r"(Cap\w+):\s+(\w+)", status)}
    assert powers == {
        "CapInh": 0, "CapPrm": ALLOWED, "CapEff": ALLOWED, "CapBnd": ALLOWED, "CapAmb": 0
    }  # fmt: skip
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert scene.show("sockets.txt") == b""
    assert scene.show("mounts.txt") == b"1\n"
    assert scene.show("device.txt") is None


def check_inspection(machine: str) -> None:
    """Check what Docker says of the container."""
    (name,) = inside(machine, "docker", "ps", "--all", "--quiet").decode().split()
    (told,) = json.loads(inside(machine, "docker", "inspect", name))
    host = told["HostConfig"]
    assert (host["CapDrop"], set(host["CapAdd"])) == (["ALL"], set(BITS.values()))
    assert (host["Privileged"], host["SecurityOpt"]) == (False, ["no-new-privileges"])
    assert (host["PidsLimit"], host["NetworkMode"]) == (4096, "docklet")
    assert [mount["Destination"] for mount in told["Mounts"]] == ["/work"]
    assert not any(
        host[name] for name in ("Binds", "Devices", "PidMode", "UTSMode", "VolumesFrom")
    )
    assert host["IpcMode"] == "private"
    assert list(told["NetworkSettings"]["Networks"]) == ["docklet"]


def check_sshd(machine: str) -> None:
    """Check what sshd says of itself, and that nothing else listens to the outside."""
    lines = inside(machine, "sshd", "-T").decode().splitlines()
    told = dict(line.partition(" ")[::2] for line in lines)
    wanted = {name.lower(): value for name, value in SSHD.items()}
    wanted["permitrootlogin"] = "without-password"
    assert {name: told.get(name) for name in wanted} == wanted
    listening = inside(machine, "ss", "-Hltn").decode().splitlines()
    ports = {line.split()[3].rpartition(":")[2] for line in listening if "127.0.0." not in line}
    assert ports == {"22"}
