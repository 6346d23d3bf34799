"""The action as a workflow says it, `uses: ./`, run by act on a copy of this repository."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.act import (
    Workflow,
    committed,
    copy_of_repository,
    kept_by_act,
    log_of,
    remove_what_act_left,
)
from tests.acceptance.scene import R_IMAGE, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = "src/docklet_sandbox/template/inst/examples"


@pytest.fixture
def workflow(scene: Scene, action_image: str) -> Iterator[Workflow]:
    """Provide a copy of this repository; its action's image is built, but for act's own name."""
    assert action_image
    checkout = scene.folder / "checkout"
    copy_of_repository(checkout)
    head = committed(scene, checkout)
    before = kept_by_act()
    file = ".github/workflows/acceptance.yml"
    yield Workflow(scene=scene, checkout=checkout, head=head, file=file)
    remove_what_act_left(before)


def start(workflow: Workflow, **job: str) -> subprocess.Popen[bytes]:
    """Start the acceptance workflow with these inputs of the action."""
    return workflow.start("workflow_dispatch", {"inputs": {"job": json.dumps(job)}})


def outputs_of(log: str) -> dict[str, str]:
    """Return the outputs, which the workflow's last step prints as JSON."""
    said = "\n".join(line.partition("  | ")[2] for line in log.splitlines())
    (text,) = re.findall(r"^\{\n.*?^\}$", said, re.DOTALL | re.MULTILINE)
    found: dict[str, str] = json.loads(text)
    return found


def test_the_seed(workflow: Workflow) -> None:
    """The report is knitted and committed, the job sees the outputs, the post step has run."""
    scene = workflow.scene
    act = start(workflow, script="knit.R", path=EXAMPLES, image=R_IMAGE)
    log = log_of(act)
    assert act.returncode == 0, log
    newest, parent = scene.sandbox.forge.log(scene.repository)[:2]
    assert parent["sha"] == workflow.head
    assert newest["author"]["name"] == "ada"
    assert b"Old Faithful" in (scene.show(f"{EXAMPLES}/example.md") or b"")
    outputs = outputs_of(log)
    assert outputs["status"] == "success"
    assert outputs["commit"] == newest["sha"]
    assert outputs["comment-url"].startswith(scene.sandbox.addresses.forge)
    assert "knit.R" in scene.comment()
    assert "The script succeeded." in log
    assert "0 droplets were left" in log


def test_a_lost_main_step(workflow: Workflow) -> None:
    """The post step, to which act hands no state, finds and deletes what a dead step left."""
    scene = workflow.scene
    scene.sandbox.settings(boot_delay=60.0)
    act = start(workflow, script="knit.R", path=EXAMPLES, image=R_IMAGE)
    end = time.monotonic() + 120
    while not scene.sandbox.inventory().droplets:
        assert time.monotonic() < end, "No droplet was created."
        time.sleep(0.2)
    steps = ["docker", "ps", "--quiet", "--filter", "ancestor=act-dockeraction"]
    found = subprocess.run(steps, check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["docker", "kill", *found], check=True, capture_output=True)
    log = log_of(act)
    assert act.returncode == 1, log
    assert "1 droplets were left and are deleted." in log
    assert scene.sandbox.inventory().droplets == {}
