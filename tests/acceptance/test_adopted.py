"""A machine that somebody else made: adopted, run on, never deleted, and let go again."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance import panel
from tests.acceptance.scene import SHELL_IMAGE, Done

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.acceptance.scene import Scene

FRIEND = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDKyrhnqSyu98xAhC5cDcz1Q7O1lN7TbZ9E9V1Tg4ZGn friend"
KEYS = "cat /root/.ssh/authorized_keys"
LEFT = (
    "find / -xdev -newer /root/mark -type f -not -path '/var/log/*';"
    " find /var/lib/docklet -mindepth 1; docker ps --all --quiet"
)
"""What a run could leave behind: files since the mark, directories, containers."""
FILES = {
    "do.sh": "echo done > done.txt; echo $CANARY | wc -c\n",
    "fail.sh": "exit 3\n",
    "slow.sh": "echo begun; sleep 600\n",
}


@dataclass(frozen=True, kw_only=True)
class Owned:
    """Somebody's own droplet, with their own ways to get in."""

    scene: Scene
    droplet_id: int
    name: str
    address: str
    folder: Path

    def config(self, known: str = "known_hosts") -> str:
        """Write the user's SSH configuration, with one of their files of known hosts."""
        path = self.folder / f"config-{known}"
        path.write_text(
            f"Host *\n  IdentityFile {self.folder}/user\n  IdentitiesOnly yes\n  BatchMode yes\n"
            f"  UserKnownHostsFile {self.folder}/{known}\n"
        )
        return str(path)

    def ssh(self, command: str) -> str:
        """Log in as the user does and return what the command prints."""
        argv = ["ssh", "-F", self.config(), f"root@{self.address}", command]
        done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30)
        return done.stdout

    def adopt(self, *options: str, known: str = "known_hosts") -> Done:
        """Run `docklet adopt` with the user's SSH configuration."""
        return self.scene.docklet("adopt", "-F", self.config(known), *options, self.name)

    def job(self, script: str) -> tuple[str, ...]:
        """Return the options of a run on it."""
        job = ("--repo", self.scene.repository, "--script", script, "--image", SHELL_IMAGE)
        return (*job, "--droplet", self.name, "--comment", "none", "--env", "CANARY=canary-8c1d")

    def facts(self) -> Any:  # noqa: ANN401 - foreign JSON
        """Return what the cloud says of it."""
        return panel.call(self.scene, "GET", f"/v2/droplets/{self.droplet_id}")["droplet"]


@pytest.fixture
def owned(scene: Scene, tmp_path: Path) -> Iterator[Owned]:
    """Make a droplet as its owner does, in whose known hosts it is."""
    folder = tmp_path / "user"
    folder.mkdir()
    user, host, other = (key_pair(folder / name) for name in ("user", "host", "other"))
    config = {
        "disable_root": False,
        "ssh_keys": {
            "ed25519_private": (folder / "host").read_text(),
            "ed25519_public": host,
        },
        "ssh_authorized_keys": [user],
    }
    name = f"web-{uuid.uuid4().hex[:6]}"
    order = {
        "name": name,
        "size": "s-1vcpu-2gb",
        "image": "docker-20-04",
        "region": "fra1",
        "tags": ["web"],
        "user_data": "#cloud-config\n" + json.dumps(config),
    }
    number = panel.call(scene, "POST", "/v2/droplets", order)["droplet"]["id"]
    address = str(scene.sandbox.inventory().droplets[number]["address"])
    (folder / "known_hosts").write_text(f"{address} {host}\n")
    (folder / "strangers").write_text(f"{address} {other}\n")
    made = Owned(scene=scene, droplet_id=number, name=name, address=address, folder=folder)
    try:
        ready(made)
        yield made
    finally:
        panel.call(scene, "DELETE", f"/v2/droplets/{number}")
        panel.call(scene, "DELETE", "/v2/tags/web")


def key_pair(path: Path) -> str:
    """Make a key pair and return the public key."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@home", "-f", str(path)]
    subprocess.run(command, check=True)
    return path.with_suffix(".pub").read_text().strip()


def ready(owned: Owned) -> None:
    """Wait until one can log in and Docker answers."""
    end = time.monotonic() + 60
    while True:
        try:
            owned.ssh("docker version")
        except subprocess.CalledProcessError:
            assert time.monotonic() < end
            time.sleep(0.2)
        else:
            return


def test_life_with_docklet(owned: Owned) -> None:
    """A droplet is adopted, run on in every way, as it was after each, and let go."""
    scene = owned.scene
    head = scene.write(FILES)
    owned.ssh(f"printf %s '{FRIEND}' >> /root/.ssh/authorized_keys")
    keys, facts = owned.ssh(KEYS), owned.facts()
    refused_before_it_is_adopted(owned)
    assert (owned.ssh(KEYS), owned.facts()) == (keys, facts)
    adopted(owned, keys)
    tags = owned.facts()["tags"]
    owned.ssh("touch /root/mark")
    runs(owned, head)
    assert owned.ssh(LEFT) == ""
    assert scene.docklet("rm", "--force", owned.name).code == 20
    assert scene.docklet("reap").code == 0
    assert owned.facts() == {**facts, "tags": tags}
    shown = scene.docklet("ls").output
    assert f"Adopted, and never deleted: {owned.name} (droplet {owned.droplet_id}" in shown
    let_go(owned, keys, facts)


def refused_before_it_is_adopted(owned: Owned) -> None:
    """Nothing is trusted that the user did not vouch for, and nothing is changed."""
    done = owned.scene.docklet("run", *owned.job("do.sh"))
    assert done.code == 20, done.output
    assert f"`docklet adopt {owned.name}`" in done.output
    done = owned.adopt(known="strangers")
    assert done.code == 32, done.output
    assert "Host key verification failed" in done.output
    done = owned.adopt("-o", "StrictHostKeyChecking=no", known="strangers")
    assert done.code == 33, done.output
    owned.ssh("mv /usr/sbin/iptables /usr/sbin/iptables-off")
    done = owned.adopt()
    assert done.code == 20, done.output
    assert "lacks what runs need, so nothing was changed on it: `iptables`." in done.output
    owned.ssh("mv /usr/sbin/iptables-off /usr/sbin/iptables")


def adopted(owned: Owned, keys: str) -> None:
    """One line lets docklet in, for commands only; one tag says whom it will find."""
    for _ in range(2):
        done = owned.adopt()
        assert done.code == 0, done.output
        there = owned.ssh(KEYS)
        assert there.startswith(f"{keys}\nrestrict ssh-ed25519 ")
        assert there.endswith(f" docklet-adopted-{owned.droplet_id}\n")
        assert there.count("\n") == keys.count("\n") + 2
        (tag,) = set(owned.facts()["tags"]) - {"web"}
        assert tag.startswith("docklet:host-key:")


def runs(owned: Owned, head: str) -> None:
    """Let a script succeed, one fail and one be stopped; results are committed."""
    scene = owned.scene
    slow = scene.start("run", *owned.job("slow.sh"))
    done = scene.docklet("run", *owned.job("do.sh"))
    assert done.code == 0, done.output
    assert scene.show("done.txt") == b"done\n"
    assert scene.branches()["main"] != head
    done = scene.docklet("run", *owned.job("fail.sh"))
    assert done.code == 10, done.output
    assert slow.stdout is not None
    assert any(b"begun" in line for line in slow.stdout)
    slow.terminate()
    output, _ = slow.communicate(timeout=60)
    assert slow.returncode == 50, output.decode()


def let_go(owned: Owned, keys: str, facts: Any) -> None:  # noqa: ANN401 - foreign JSON
    """Without the key the tag goes all the same; with it, everything is as it was."""
    done = owned.adopt("--undo", known="strangers")
    assert done.code == 32, done.output
    assert f"take the line that ends with docklet-adopted-{owned.droplet_id} out" in done.output
    assert owned.facts() == facts
    assert not [tag for tag in owned.scene.sandbox.inventory().tags if "docklet:" in tag]
    for _ in range(2):
        done = owned.adopt("--undo")
        assert done.code == 0, done.output
        assert owned.ssh(KEYS) == f"{keys}\n"
    assert owned.ssh("ls /var/lib").count("docklet") == 0
