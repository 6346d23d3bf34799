"""One sandbox for all scenarios, and what every scenario must leave behind: nothing."""

from __future__ import annotations

import subprocess
import sys
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from docklet.domain.firewall import SHARED, TAG
from docklet_sandbox.client import Inventory, SandboxClient
from tests.acceptance.scene import Scene
from tools.action_image import build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Start a sandbox with real machines."""
    state = tmp_path_factory.mktemp("sandbox")
    _sandbox("serve", "--background", "--machines=docker", f"--state={state}")
    try:
        yield SandboxClient.of(state)
    finally:
        _sandbox("down", f"--state={state}")


@pytest.fixture(scope="session")
def action_image() -> str:
    """Build the action's image with the classic builder, from the repository's Dockerfile."""
    tag = "docklet-action:test"
    build(tag)
    return tag


@pytest.fixture
def scene(sandbox: SandboxClient, tmp_path: Path) -> Iterator[Scene]:
    """Give a repository in the sandbox, and check that the sandbox is as empty as before."""
    sandbox.clear_faults()
    sandbox.settings(boot_delay=0.0, ip_delay=0.0, api_delay=0.0, pull_delay=0.0, full_regions=[])
    rented = len(sandbox.history())
    before, marked = passing(sandbox.inventory()), len(sandbox.violations())
    made = Scene(sandbox=sandbox, repository=f"mona/{uuid.uuid4().hex[:12]}", folder=tmp_path)
    try:
        yield made
    finally:
        made.close()
        walls = {one["name"]: one["openings"] for one in sandbox.history()[rented:]}
        violations, left = sandbox.violations()[marked:], passing(sandbox.inventory())
        if left != before:
            sandbox.reset()
    assert violations == []
    assert left == before, "Something was left in the cloud."
    ours = {name: openings for name, openings in walls.items() if name.startswith("docklet-")}
    assert ours == {key: ["tcp 22"] for key in ours}, "A droplet was open to more than SSH."


def passing(inventory: Inventory) -> Inventory:
    """Return an inventory without the firewall that all runs of an account share, and its tag."""
    return replace(
        inventory,
        tags=inventory.tags - {TAG},
        firewalls=inventory.firewalls - {SHARED.name},
        standing=frozenset(),
    )


def _sandbox(*arguments: str) -> None:
    """Run a command of the sandbox."""
    command = [sys.executable, "-m", "docklet_sandbox", *arguments]
    subprocess.run(command, check=True, timeout=60)
