"""A script that fails: its results are kept apart, and its droplet only if asked for."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene

FAILING = {"fail.sh": "echo half > half.txt\necho broken >&2\nexit 3\n"}


def test_exit_code_and_fallback_branch(scene: Scene, action_image: str) -> None:
    """Exit code 3 is an output, the branch is untouched, the results are on their own branch."""
    before = scene.write(FAILING)
    runner = scene.action(action_image, sha=before, inputs={"script": "fail.sh"})
    code, printed = runner.main().wait()
    assert code == 10, printed
    assert runner.outputs["exit-code"] == "3"
    assert runner.outputs["reason"] == "script-exit"
    branches = scene.branches()
    assert branches.pop("main") == before
    ((name, _),) = branches.items()
    assert name.startswith("docklet/results-")
    assert scene.show("half.txt", name) == b"half\n"
    assert name in scene.comment()
    assert "broken" in scene.comment()


def test_kept_droplet(scene: Scene) -> None:
    """`keep: on-failure` keeps the droplet, says until when and for how much, and lets us in."""
    scene.write(FAILING)
    done = scene.run("fail.sh", "--keep", "on-failure", "--keep-for", "60s")
    assert done.code == 10, done.output
    comment = scene.comment()
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d", comment)
    assert "$0.0357" in comment
    (droplet,) = scene.sandbox.inventory().droplets.values()
    key = str(droplet["name"]).rpartition("-")[2]
    inside = scene.docklet("ssh", key, "--", "cat", f"/var/lib/docklet/{key}/work/half.txt")
    assert inside.output.strip() == "half"
    early = scene.docklet("reap")
    assert early.code == 0, early.output
    assert len(scene.sandbox.inventory().droplets) == 1
    time.sleep(62)
    late = scene.docklet("reap")
    assert late.code == 0, late.output
    assert scene.sandbox.inventory().droplets == {}
