"""`kill -9` at every boundary of a run; then `docklet reap` alone brings the world in order."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.inspection import running
from tests.acceptance.scene import SHELL_IMAGE
from tests.boundaries import CALLS, EDGES

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene

ROOT = Path(__file__).parents[2]
SCRIPT = {"do.sh": 'mkdir -p out && echo "the log of $1" && echo "$1" > "out/$1.txt"\n'}
AT_ONCE = 4
STALE = 0.1
"""Seconds: nobody is alive any more when the world is brought in order."""
SETTLED = 2.0
"""Seconds in which the last ones who died get cold."""
UNBEGUN = {
    *("create:started", "create:ended", "boot:started", "boot:ended"),
    *("clone:started", "clone:ended", "pull:started", "pull:ended", "run:started"),
    *("cloud.create>", "shell.install>", "shell.hold>", "shell.checkout>", "shell.pull>"),
}
"""Moments at which the script has not been started."""
BESIDE = {"forge.create_comment>", "forge.edit_comment>", "forge.set_status>"}
"""Moments that come at any time of a run: reporting goes on beside it."""


@dataclass(frozen=True, slots=True)
class Dead:
    """A run whose process was killed."""

    moment: str
    key: str
    """The first ten digits."""

    @property
    def word(self) -> str:
        """What its script was to write, and where."""
        return _word(self.moment)


def _word(moment: str) -> str:
    return re.sub(r"\W", "-", moment).strip("-")


def killed_at(scene: Scene, moment: str, *options: str) -> Dead:
    """Run, with further options, and die at `moment`."""
    command = [sys.executable, "-m", "tests.acceptance.crashing", moment, "run"]
    command += ["--repo", scene.repository, "--script", "do.sh", "--args", _word(moment)]
    command += ["--image", SHELL_IMAGE, "--timeout", "5m", *options]
    folder = scene.folder / _word(moment)
    folder.mkdir()
    environment = scene.environment()
    environment["PYTHONPATH"] += f":{ROOT}"
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, timeout=300, check=False
    )
    output = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == -9, f"{moment}: {output}"
    (left,) = folder.glob("docklet-*")
    return Dead(moment, left.name.removeprefix("docklet-"))


def all_comments(scene: Scene) -> list[dict[str, Any]]:
    """Return the comments in the repository."""
    return [one for one in scene.sandbox.forge.comments(scene.repository) if not one["deleted"]]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("moments", [EDGES, CALLS], ids=["edges", "calls"])
def test_killed_everywhere(scene: Scene, moments: tuple[str, ...]) -> None:
    """Results that there are end up on the branch, once; no droplet is left; no comment lies."""
    scene.write(SCRIPT)
    scene.sandbox.settings(droplet_limit=40)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # The last call starts the script, which then has time to end.
        dead = list(pool.map(lambda moment: killed_at(scene, moment), reversed(moments)))
    settle(scene)
    swept = scene.docklet(
        *("reap", "--repo", scene.repository, "--stale-after", str(STALE), "--force"), timeout=300
    )
    assert swept.code == 0, swept.output
    assert scene.sandbox.inventory().droplets == {}, swept.output
    comments = [one["body"] for one in all_comments(scene)]
    log = scene.sandbox.forge.log(scene.repository)
    for run in dead:
        bodies = [body for body in comments if run.key in body.splitlines()[0]]
        commits = [one for one in log if f"Docklet-Run: {run.key}" in one["message"]]
        check(scene, run, bodies, len(commits))


def settle(scene: Scene) -> None:
    """Wait until all droplets are up, and those who died last are cold."""
    for droplet in scene.sandbox.inventory().droplets:
        name = running(f"docklet-sandbox-{scene.sandbox.addresses.id}-{droplet}")
        subprocess.run(
            ["docker", "exec", name, "cloud-init", "status", "--wait"],
            check=False,
            capture_output=True,
            timeout=60,
        )
    time.sleep(SETTLED)


def check(scene: Scene, run: Dead, bodies: list[str], commits: int) -> None:
    """Check what became of one run: its comment, and its results."""
    begun = bool(commits) if run.moment in BESIDE else run.moment not in UNBEGUN
    assert len(bodies) <= 1, run.moment
    assert not any("⏳" in body.splitlines()[1] for body in bodies), (run.moment, bodies)
    assert commits == int(begun), (run.moment, bodies)
    shown = scene.show(f"out/{run.word}.txt")
    assert shown == (f"{run.word}\n".encode() if begun else None), run.moment
    if begun:
        assert "**The script succeeded.**" in bodies[0], (run.moment, bodies)
    elif bodies:
        assert "was lost" in bodies[0], (run.moment, bodies)


def test_post_step_finishes_a_killed_run(scene: Scene) -> None:
    """Results of a script that has ended are saved by the job's last step; else the droplet goes.

    The comment tells which, in both cases.
    """
    scene.write(SCRIPT)
    moments = ("collect:started", "pull:ended")
    with ThreadPoolExecutor(2) as pool:
        ended, unbegun = pool.map(lambda moment: killed_at(scene, moment), moments)
    keys = [one["name"][-20:] for one in scene.sandbox.inventory().droplets.values()]
    for key in keys:
        done = cleaned_up(scene, key)
        assert done.returncode == 0, done.stdout
    assert scene.sandbox.inventory().droplets == {}
    bodies = {one["body"][17:27]: one["body"] for one in all_comments(scene)}
    assert "**The script succeeded.**" in bodies[ended.key]
    assert f"the log of {ended.word}" in bodies[ended.key]
    assert scene.show(f"out/{ended.word}.txt") == f"{ended.word}\n".encode()
    assert "**The run was cancelled.**" in bodies[unbegun.key]
    assert scene.show(f"out/{unbegun.word}.txt") is None


def cleaned_up(scene: Scene, key: str) -> subprocess.CompletedProcess[str]:
    """Run the post step of the job that had a run."""
    environment = scene.environment()
    inputs = {
        "INPUT_DIGITALOCEAN-TOKEN": environment.pop("DIGITALOCEAN_TOKEN"),
        "INPUT_GITHUB-TOKEN": environment.pop("GITHUB_TOKEN"),
        "GITHUB_REPOSITORY": scene.repository,
        "GITHUB_WORKSPACE": str(scene.folder),
        "STATE_run_key": key,
    }
    return subprocess.run(
        [sys.executable, "-c", "from docklet.entrypoints.cleanup import main; main()"],
        env=environment | inputs,
        cwd=scene.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
