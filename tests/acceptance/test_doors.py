"""The doors beside the seed's: a push event, and the checkout that one stands in."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene

FILES = {"do.sh": "echo done > done.txt\n"}


def test_push_event(scene: Scene, action_image: str) -> None:
    """A push event runs the commit that was pushed, and its results land on that branch."""
    sha = scene.write(FILES)
    runner = scene.action(action_image, sha=sha, inputs={"script": "do.sh"}, event="push")
    code, printed = runner.main().wait()
    assert code == 0, printed
    assert scene.show("done.txt") == b"done\n"
    assert runner.outputs["branch"] == "main"
    assert runner.state["settled"] == "true"


def test_checkout_that_one_stands_in(scene: Scene) -> None:
    """Repository, commit, branch and author are those of the checkout that one stands in."""
    scene.write(FILES)
    remote = f"{scene.sandbox.addresses.forge}/{scene.repository}.git"
    clone = scene.folder / "clone"
    subprocess.run(["git", "clone", "--quiet", remote, str(clone)], check=True)
    for name, value in {"user.name": "Ada", "user.email": "ada@example.org"}.items():
        subprocess.run(["git", "-C", str(clone), "config", name, value], check=True)
    scene.folder = clone
    done = scene.docklet("run", "--script", "do.sh", "--image", "docklet-sandbox/shell")
    assert done.code == 0, done.output
    newest = scene.sandbox.forge.log(scene.repository)[0]
    assert newest["author"]["email"] == "ada@example.org"
    untracked = ["git", "-C", str(clone), "status", "--porcelain"]
    assert subprocess.run(untracked, check=True, capture_output=True).stdout == b""


def test_clone_and_pull_overlap(scene: Scene) -> None:
    """The timeline shows that clone and pull begin together."""
    scene.write(FILES)
    scene.sandbox.settings(pull_delay=2.0)
    done = scene.run("do.sh")
    assert done.code == 0, done.output
    bars = re.findall(
        r"^    (clone|pull) \(.+\) :(\d+), (\d+)$", scene.comment(), flags=re.MULTILINE
    )
    assert [name for name, *_ in bars] == ["clone", "pull"]
    begun, ended = ([int(bar[at]) for bar in bars] for at in (1, 2))
    assert max(begun) < min(ended)
