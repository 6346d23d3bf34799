"""A checkout with a workflow in it, which the forge has too, with `act` in front of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.acceptance.agent_rig import git
from tools.pins import unpinned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.acceptance.scene import Scene

ROOT = Path(__file__).parents[2]
CA = "sandbox-ca.pem"
"""The sandbox's authorities, in the workspace since act mounts nothing else into an action."""


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """A checkout, and what is in it."""

    scene: Scene
    checkout: Path
    head: str
    file: str
    """The workflow's path in the checkout."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Secrets besides the two tokens."""
    options: tuple[str, ...] = ()
    """Further options of act's."""

    def start(self, event: str, payload: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        """Start act with an event."""
        described = self.scene.folder / "event.json"
        described.write_text(json.dumps(payload))
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        act = subprocess.Popen(
            [str(Path(sys.executable).with_name("act")), event, *self._given(described)],
            cwd=self.checkout,
            env={**environment, "XDG_CACHE_HOME": str(self.scene.folder / "cache")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.scene.started.append(act)
        return act

    def _given(self, event: Path) -> list[str]:
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
            **self.secrets,
        }
        return [
            *("--workflows", self.file, "--eventpath", str(event)),
            *("--platform", "ubuntu-latest=docklet-sandbox/runner", "--pull=false"),
            *("--action-offline-mode", "--no-cache-server", "--container-daemon-socket", "-"),
            *("--network", "host", "--rm", "--actor", "ada"),
            *(part for pair in variables.items() for part in ("--env", "=".join(pair))),
            *(part for pair in secrets.items() for part in ("--secret", "=".join(pair))),
            *self.options,
        ]


def committed(scene: Scene, checkout: Path) -> str:
    """Commit all files of a checkout, give them to the forge, and return the commit's SHA."""
    git(checkout, "init", "--quiet", "--initial-branch=main")
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "Begin")
    head = git(checkout, "rev-parse", "HEAD")
    assert scene.write({}, source=str(checkout)) == head
    shutil.copy(scene.sandbox.addresses.bundle, checkout / CA)
    return head


def copy_of_repository(folder: Path) -> None:
    """Copy this repository, with the base image as every machine has it."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in listed.split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    base = f"ARG BASE={unpinned(dockerfile)}"  # act can't say it, and the digest isn't here
    pinned = re.sub(r"^ARG BASE=.*$", base, dockerfile, flags=re.MULTILINE)
    (folder / "Dockerfile").write_text(pinned, encoding="utf-8")


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


def remove_what_act_left(before: set[tuple[str, str]]) -> None:
    """Remove what was not there `before`."""
    for kind, name in kept_by_act() - before:
        subprocess.run(["docker", kind, "rm", name], check=False, capture_output=True)


def log_of(act: subprocess.Popen[bytes]) -> str:
    """Wait for act's end and return all that it has printed."""
    return act.communicate(timeout=240)[0].decode(errors="replace")
