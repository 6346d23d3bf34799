"""The main job in the sandbox: the action's real image knits a report on a droplet.

Everything happens on this machine; what there is to look at stays in `.demo`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import docklet_sandbox
from docklet_sandbox.launch import running
from docklet_sandbox.runner import Runner, Step
from tools.action_image import build

if TYPE_CHECKING:
    from docklet_sandbox.client import SandboxClient

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / ".demo"
IMAGE: Final = "docklet-action:demo"
REPOSITORY: Final = "mona/template"
PICTURE: Final = "inst/examples/figure/geyser-1.png"
JOB: Final = {"script": "knit.R", "path": "inst/examples", "image": "docklet-sandbox/r-knitr"}


def main() -> int:
    """Run the demo and return 0 if everything came out as it should."""
    started = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    _heading("The action's image is built from the Dockerfile")
    build(IMAGE)
    with running(FOLDER / "sandbox") as sandbox:
        _heading("The sandbox is a cloud and a forge on this machine")
        _say(f"cloud {sandbox.addresses.cloud}\nforge {sandbox.addresses.forge}")
        code = _run(sandbox)
        left = _show(sandbox)
    _say(f"{time.monotonic() - started:.0f} seconds in all.")
    return code or left


def _run(sandbox: SandboxClient) -> int:
    """Push the sample repository and run the action on it, as a runner would."""
    source = Path(docklet_sandbox.__file__).parent / "template"
    sha = sandbox.forge.create(REPOSITORY, source=str(source)) or ""
    tokens = {
        "digitalocean-token": sandbox.addresses.cloud_token,
        "github-token": sandbox.addresses.workflow_token,
    }
    step = Step(
        image=IMAGE, inputs={**JOB, **tokens}, repository=REPOSITORY, sha=sha, actor="mona"
    )
    runner = Runner(step, sandbox.addresses, FOLDER / "runner")
    _heading(f"A workflow of {REPOSITORY} runs {JOB['path']}/{JOB['script']}")
    code, printed = runner.main().wait()
    _say(printed)
    post, printed = runner.post().wait()
    _say(printed)
    return code or post


def _show(sandbox: SandboxClient) -> int:
    """Show what came of it; return the number of droplets that are left."""
    clone = FOLDER / "template"
    remote = f"{sandbox.addresses.forge}/{REPOSITORY}.git"
    subprocess.run(["git", "clone", "--quiet", remote, str(clone)], check=True)
    _heading("The results commit")
    log = ["git", "-C", str(clone), "log", "--max-count=1", "--stat", "--format=fuller"]
    _say(subprocess.run(log, check=True, capture_output=True, text=True).stdout)
    _heading("The comment, as posted")
    (comment,) = sandbox.forge.comments(REPOSITORY)
    _say(comment["body"])
    _heading("What is left")
    left = len(sandbox.inventory().droplets)
    _say(f"The picture is {(clone / PICTURE).relative_to(ROOT)}\n{left} droplets left")
    return left


def _heading(text: str) -> None:
    """Print a heading."""
    _say(f"\n=== {text}")


def _say(text: str) -> None:
    """Print text at once."""
    sys.stdout.write(f"{text.rstrip()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
