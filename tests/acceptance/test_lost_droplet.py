"""A droplet that is rebooted under its script: nothing is guessed, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance import panel
from tests.acceptance.scene import SHELL_IMAGE
from tests.acceptance.stopping import read_until

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene


def test_reboot(scene: Scene) -> None:
    """The message and the exit code say so; what the script left behind is on a branch."""
    before = scene.write({"do.sh": "echo part > part.txt\nsync\necho begun\nsleep 300\n"})
    given = ("--repo", scene.repository, "--script", "do.sh", "--image", SHELL_IMAGE)
    process = scene.start("run", *given)
    printed = read_until(process, b"begun")
    (droplet,) = scene.sandbox.inventory().droplets
    panel.call(scene, "POST", f"/v2/droplets/{droplet}/actions", {"type": "reboot"})
    output = (printed + process.communicate(timeout=120)[0]).decode()
    assert process.returncode == 34, output
    assert "The machine was rebooted while the script ran. Run it again." in output
    assert "rebooted" in scene.comment()
    branches = scene.branches()
    assert branches.pop("main") == before
    (name,) = branches
    assert scene.show("part.txt", name) == b"part\n"
