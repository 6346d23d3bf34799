"""The machine: where it stands, what it boots, who gets in, for how long, and one used twice."""

from __future__ import annotations

import re
import subprocess
import time
from typing import TYPE_CHECKING

from tests.acceptance import panel
from tests.acceptance.scene import SHELL_IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.scene import Scene

ONE_RUN_LEFT = (
    "test $(find /var/lib/docklet -mindepth 1 -maxdepth 1 -not -empty | wc -l) = 1"
    " && test $(docker ps --all --quiet | wc -l) = 1"
)
EAT = "echo begun > begun.txt\nhead -c 2000m /dev/zero | tail > /dev/null\n"


def test_regions_and_boot_images(scene: Scene) -> None:
    """The second region is used when the first is full; a snapshot is found by its name."""
    scene.write({"do.sh": "echo done > done.txt\n"})
    snapshot = scene.sandbox.add_image("my warm image")
    options = ("--region", "nyc3", "--region", "fra1")
    try:
        for name in (str(snapshot), "ubuntu-24-04-x64"):
            planned = scene.docklet("plan", *job(scene), "--droplet-image", name)
            assert f"Boot image  {name}" in planned.output, planned.output
        scene.sandbox.settings(full_regions=["nyc3"])
        done = scene.run("do.sh", *options, "--droplet-image", "my warm image")
        assert done.code == 0, done.output
        assert "The next region of the list is tried." in done.output
        rented = scene.sandbox.history()[-1]
        assert (rented["region"], rented["image"]) == ("fra1", "my warm image")
        scene.sandbox.settings(full_regions=["nyc3", "fra1"])
        done = scene.run("do.sh", *options)
        assert done.code == 25, done.output
        assert scene.sandbox.history()[-1]["id"] == rented["id"]
    finally:
        panel.call(scene, "DELETE", f"/v2/images/{snapshot}")


def job(scene: Scene) -> tuple[str, ...]:
    """Return the options that a plan needs."""
    return ("--repo", scene.repository, "--script", "do.sh", "--image", SHELL_IMAGE)


def test_what_the_cloud_does_not_have(scene: Scene) -> None:
    """An unknown image, region or droplet, or too little money, is refused before it costs any."""
    scene.write({"do.sh": "true\n"})
    rented = len(scene.sandbox.history())
    refusals = {
        ("--droplet-image", "docker-99"): (20, "There is no image or snapshot `docker-99`."),
        ("--region", "nyc9"): (25, "None of the regions named has `s-2vcpu-4gb`."),
        ("--droplet", "12345"): (20, "There is no droplet with this id or name."),
        ("--max-cost", "0.05"): (20, "could cost $0.18, which is more than $0.05."),
    }
    for options, (code, message) in refusals.items():
        done = scene.run("do.sh", *options)
        assert done.code == code, done.output
        assert message in done.output
    assert len(scene.sandbox.history()) == rented


def test_limits(scene: Scene) -> None:
    """A script is stopped at its time limit, which money can shorten; its results are kept."""
    before = scene.write({"slow.sh": "echo part > part.txt; sleep 60\n", "do.sh": "true\n"})
    dear = ("--size", "c-32", "--timeout", "61s", "--max-cost", "0.017", "--comment", "none")
    quick = scene.start("run", *job(scene), *dear)
    done = scene.run("slow.sh", "--timeout", "2s")
    assert done.code == 11, done.output
    assert "Give it a longer `timeout`" in done.output
    assert scene.branches().pop("main") == before
    (name,) = set(scene.branches()) - {"main"}
    assert scene.show("part.txt", name) == b"part\n"
    assert name in scene.comment()
    output = quick.communicate(timeout=60)[0].decode()
    assert quick.returncode == 0, output
    (allowed,) = re.findall(r"The script may take (\d+) s only", output)
    assert 30 < int(allowed) < 61


def test_out_of_memory(scene: Scene) -> None:
    """A script that eats the machine's memory is told so, and what it wrote before is kept."""
    scene.write({"eat.sh": EAT})
    process = scene.start(
        *("run", "--repo", scene.repository, "--script", "eat.sh", "--image", SHELL_IMAGE),
        *("--size", "s-1vcpu-1gb", "--region", "fra1"),
    )
    shrink(scene, "600m")
    output = process.communicate(timeout=120)[0].decode()
    assert process.returncode == 12, output
    assert "take a larger size" in output
    (name,) = set(scene.branches()) - {"main"}
    assert scene.show("begun.txt", name) == b"begun\n"


def shrink(scene: Scene, memory: str) -> None:
    """Take memory away from the droplet as soon as there is one."""
    for _ in range(200):
        for droplet in scene.sandbox.inventory().droplets:
            container = f"docklet-sandbox-{scene.sandbox.addresses.id}-{droplet}"
            limits = (f"--memory={memory}", f"--memory-swap={memory}")
            command = ["docker", "update", *limits, container]
            if subprocess.run(command, check=False, capture_output=True).returncode == 0:
                return
        time.sleep(0.05)
    message = "There was no droplet to shrink."
    raise AssertionError(message)


def test_kept_droplet_is_used_again(scene: Scene, action_image: str) -> None:
    """A kept droplet lets its owners in, is run on by id and by name, and is never deleted."""
    raw, friend = key_pair(scene.folder / "raw"), key_pair(scene.folder / "friend")
    scene.sandbox.forge.call("user", login="ada", keys=[friend])
    scene.write({"a.sh": "echo a > a.txt\n", "c.sh": "exit 4\n"})
    used = ("--comment", "none", "--droplet")
    keep = ("--keep", "always", "--keep-for", "30m", "--ssh-keys", raw, "--ssh-keys", "github:ada")
    done = scene.run("a.sh", *keep)
    assert done.code == 0, done.output
    (droplet,) = scene.sandbox.inventory().droplets.values()
    assert f"ssh root@{droplet['address']}" in scene.comment()
    for key in ("raw", "friend"):
        assert log_in(scene, key, droplet["address"]) == 0
    work_on(scene, action_image, str(droplet["id"]))
    done = scene.run("c.sh", *used, droplet["name"])
    assert done.code == 10, done.output
    left = scene.sandbox.inventory().droplets
    assert list(left) == [droplet["id"]]
    assert log_in(scene, "raw", droplet["address"]) == 0
    assert log_in(scene, "raw", droplet["address"], ONE_RUN_LEFT) == 0
    panel.call(scene, "POST", f"/v2/droplets/{droplet['id']}/actions", {"type": "power_off"})
    done = scene.run("a.sh", *used, droplet["name"])
    assert done.code == 20
    assert "`off`, not `active`" in done.output
    assert scene.docklet("rm", droplet["name"]).code == 0


def work_on(scene: Scene, action_image: str, droplet: str) -> None:
    """Run a script by the action on a droplet, with a source that the action has to send there."""
    pointer = scene.sandbox.forge.store_large(scene.repository, b"weights")
    files = {
        "model.bin": pointer,
        ".gitattributes": "*.bin filter=lfs\n",
        "tool": "#!/bin/sh\ncat model.bin > b.txt\n",
    }
    sha = scene.sandbox.forge.commit(scene.repository, files, executable=["tool"])
    inputs = {"script": "tool", "droplet": droplet, "lfs": "true", "comment": "none"}
    code, printed = scene.action(action_image, sha=sha, inputs=inputs).main().wait()
    assert code == 0, printed
    assert scene.show("b.txt") == b"weights"
    assert scene.show("model.bin") == pointer.encode()


def key_pair(path: Path) -> str:
    """Make a key pair and return the public key."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@home", "-f", str(path)]
    subprocess.run(command, check=True)
    return path.with_suffix(".pub").read_text().strip()


def log_in(scene: Scene, key: str, address: str, command: str = "true") -> int:
    """Run a command over plain SSH with one of the keys."""
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes")
    given = [part for option in options for part in ("-o", option)]
    key_file = ("-F", "none", "-o", "IdentitiesOnly=yes", "-i", str(scene.folder / key))
    ssh = ["ssh", "-q", *key_file, *given, f"root@{address}", command]
    return subprocess.run(ssh, check=False, timeout=20).returncode


def test_droplets_of_others(scene: Scene) -> None:
    """A droplet that docklet did not make, or that another run works on, is left alone."""
    scene.write({"do.sh": "true\n", "slow.sh": "echo begun; sleep 60\n"})
    order = {"name": "web-1", "size": "s-1vcpu-1gb", "image": "docker-20-04", "region": "fra1"}
    foreign = panel.call(scene, "POST", "/v2/droplets", order)["droplet"]["id"]
    process = scene.start(
        *("run", "--repo", scene.repository, "--script", "slow.sh", "--image", SHELL_IMAGE)
    )
    assert process.stdout is not None
    for line in process.stdout:
        if b"begun" in line:
            break
    (busy,) = set(scene.sandbox.inventory().droplets) - {foreign}
    for name, message in (
        ("web-1", "docklet did not make this droplet"),
        (str(busy), "belongs to a run that has not ended"),
    ):
        done = scene.run("do.sh", "--droplet", name)
        assert done.code == 20, done.output
        assert message in done.output
    process.terminate()
    process.communicate(timeout=20)
    assert list(scene.sandbox.inventory().droplets) == [foreign]
    panel.call(scene, "DELETE", f"/v2/droplets/{foreign}")
