"""The script's log is whole, whatever happens to the connection."""

from __future__ import annotations

import hashlib
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene

NOISY = """\
head -c 50000000 /dev/urandom > noise
sha256sum < noise > sum.txt
head -c 10000000 noise; sleep 2
tail -c +10000001 noise | head -c 20000000; sleep 2
tail -c +30000001 noise; sleep 2
rm noise
"""


def test_connection_cut_three_times(scene: Scene) -> None:
    """The connection is cut three times during 50 MB of random bytes; the log equals them."""
    scene.write({"noisy.sh": NOISY})
    process = scene.start(
        *("run", "--repo", scene.repository, "--script", "noisy.sh"),
        *("--image", "docklet-sandbox/shell"),
    )
    reader = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
    for _ in range(3):
        size = log_size(scene)
        wait_until_longer(scene, size)
        cut(scene)
    assert process.wait(120) == 0
    reader.wait(10)
    (log,) = scene.folder.glob("docklet-*/run.log")
    wanted = scene.show("sum.txt")
    assert wanted is not None
    assert hashlib.sha256(log.read_bytes()).hexdigest() == wanted.decode().split()[0]


def log_size(scene: Scene) -> int:
    """Return how much of the log is here."""
    return sum(log.stat().st_size for log in scene.folder.glob("docklet-*/run.log"))


def wait_until_longer(scene: Scene, size: int) -> None:
    """Wait until more of the log is here than `size` bytes."""
    end = time.monotonic() + 60
    while log_size(scene) <= size:
        assert time.monotonic() < end
        time.sleep(0.02)


def cut(scene: Scene) -> None:
    """Kill the SSH sessions on the droplet, but not the server that makes them."""
    (droplet,) = scene.sandbox.inventory().droplets
    container = f"docklet-sandbox-{scene.sandbox.addresses.id}-{droplet}"
    command = ["docker", "exec", container, "pkill", "-KILL", "-f", "^sshd: root"]
    for _ in range(100):
        if subprocess.run(command, check=False).returncode == 0:
            return
        time.sleep(0.1)
    message = "There was no connection to cut."
    raise AssertionError(message)
