"""The action as a workflow says it, `uses: ./`, run by act on a copy of this repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.agent_rig import git
from tests.acceptance.scene import R_IMAGE, Scene
from tools.pins import unpinned

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
EXAMPLES = "src/docklet_sandbox/template/inst/examples"
CA = "sandbox-ca.pem"
"""The sandbox's authorities, in the workspace since act mounts nothing else into an action."""


@dataclass(frozen=True)
class Workflow:
    """A checkout of this repository, which the forge has too, with act in front of it."""

    scene: Scene
    checkout: Path
    head: str

    def start(self, **job: str) -> subprocess.Popen[bytes]:
        """Start the acceptance workflow with these inputs of the action."""
        event = self.scene.folder / "event.json"
        event.write_text(json.dumps({"inputs": {"job": json.dumps(job)}}))
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        act = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("act")),
                "workflow_dispatch",
                *self._options(event),
            ],
            cwd=self.checkout,
            env={**environment, "XDG_CACHE_HOME": str(self.scene.folder / "cache")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.scene.started.append(act)
        return act

    def _options(self, event: Path) -> list[str]:
        """Return what makes act work offline, and the sandbox out of the two services."""
        addresses = self.scene.sandbox.addresses
        variables = {
            "GITHUB_API_URL": addresses.forge_api,
            "GITHUB_SERVER_URL": addresses.forge,
            "GITHUB_REPOSITORY": self.scene.repository,
            "DIGITALOCEAN_API_URL": addresses.cloud,
            "REQUESTS_CA_BUNDLE": str(self.checkout / CA),
        }
        secrets = {
            "GITHUB_TOKEN": addresses.workflow_token,
            "DIGITALOCEAN_TOKEN": addresses.cloud_token,
        }
        return [
            *("--workflows", ".github/workflows/acceptance.yml", "--eventpath", str(event)),
            *("--platform", "ubuntu-latest=docklet-sandbox/runner", "--pull=false"),
            *("--action-offline-mode", "--no-cache-server", "--container-daemon-socket", "-"),
            *("--network", "host", "--rm", "--actor", "ada"),
            *(part for pair in variables.items() for part in ("--env", "=".join(pair))),
            *(part for pair in secrets.items() for part in ("--secret", "=".join(pair))),
        ]


@pytest.fixture
def workflow(scene: Scene, action_image: str) -> Iterator[Workflow]:
    """Provide a copy of this repository; its action's image is built, but for act's own name."""
    assert action_image
    checkout = scene.folder / "checkout"
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in listed.split("\0"):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, checkout / name)
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    base = f"ARG BASE={unpinned(dockerfile)}"  # act can't say it, and the digest isn't here
    pinned = re.sub(r"^ARG BASE=.*$", base, dockerfile, flags=re.MULTILINE)
    (checkout / "Dockerfile").write_text(pinned, encoding="utf-8")
    git(checkout, "init", "--quiet", "--initial-branch=main")
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "Copy the repository")
    head = git(checkout, "rev-parse", "HEAD")
    assert scene.write({}, source=str(checkout)) == head
    shutil.copy(scene.sandbox.addresses.bundle, checkout / CA)
    before = kept_by_act()
    yield Workflow(scene, checkout, head)
    for kind, name in kept_by_act() - before:
        subprocess.run(["docker", kind, "rm", name], check=False, capture_output=True)


def kept_by_act() -> set[tuple[str, str]]:
    """Return what act leaves in Docker for the next time, each with its kind."""
    images = ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}", "act-*"]
    volumes = ["docker", "volume", "ls", "--quiet", "--filter", "name=act-"]
    return {
        (kind, name)
        for kind, command in (("image", images), ("volume", volumes))
        for name in subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.split()
    }


def log_of(act: subprocess.Popen[bytes]) -> str:
    """Wait for act's end and return all that it has printed."""
    return act.communicate(timeout=240)[0].decode(errors="replace")


def outputs_of(log: str) -> dict[str, str]:
    """Return the outputs, which the workflow's last step prints as JSON."""
    said = "\n".join(line.partition("  | ")[2] for line in log.splitlines())
    (text,) = re.findall(r"^\{\n.*?^\}$", said, re.DOTALL | re.MULTILINE)
    found: dict[str, str] = json.loads(text)
    return found


def test_the_seed(workflow: Workflow) -> None:
    """The report is knitted and committed, the job sees the outputs, the post step has run."""
    scene = workflow.scene
    act = workflow.start(script="knit.R", path=EXAMPLES, image=R_IMAGE)
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
    act = workflow.start(script="knit.R", path=EXAMPLES, image=R_IMAGE)
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
