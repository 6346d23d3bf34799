"""One sandbox for all scenarios, and what every scenario must leave behind: nothing."""

from __future__ import annotations

import subprocess
import sys
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from docklet.domain.firewall import SHARED, TAG
from docklet_sandbox.audit import find_leaks
from docklet_sandbox.client import Inventory, SandboxClient
from tests.acceptance.disks import left_on_disks
from tests.acceptance.sampling import Sampled, sampled, tokens_of
from tests.acceptance.scene import Scene
from tools.action_image import build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOUD = """
import logging, os
logging.basicConfig(level=logging.DEBUG, filename=f"{logs}/debug-{{os.getpid()}}.log")
"""


@pytest.fixture(scope="session")
def observed(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[SandboxClient, Sampled]]:
    """Start a sandbox with real machines, and look at them; no token may be left anywhere."""
    state = tmp_path_factory.mktemp("sandbox")
    _sandbox("serve", "--background", "--machines=docker", f"--state={state}")
    client = SandboxClient.of(state)
    try:
        with sampled(client.addresses, tmp_path_factory.mktemp("sampled")) as seen:
            yield client, seen
            seen.check()
        print(seen.figures())  # noqa: T201 - for whoever runs with -s
        leaks = find_leaks(client, tokens_of(client.addresses))
    finally:
        _sandbox("down", f"--state={state}")
    assert sorted(leaks) == []


@pytest.fixture(scope="session")
def sandbox(observed: tuple[SandboxClient, Sampled]) -> SandboxClient:
    """Give the sandbox of all scenarios."""
    return observed[0]


@pytest.fixture(scope="session")
def loud(sandbox: SandboxClient, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the variables by which Python processes log all they have, to the sandbox's logs.

    docklet has no switch for that; Python runs a `sitecustomize` of its own accord.
    """
    folder = tmp_path_factory.mktemp("loud")
    logs = f"{sandbox.addresses.state}/logs"
    (folder / "sitecustomize.py").write_text(LOUD.format(logs=logs))
    return {"PYTHONPATH": str(folder), "RUNNER_DEBUG": "1"}


@pytest.fixture(autouse=True)
def _nothing_told(request: pytest.FixtureRequest) -> Iterator[None]:
    """No process on a droplet has one of the sandbox's tokens, whatever the scenario is."""
    if "observed" not in request.fixturenames:
        yield
        return
    _, seen = request.getfixturevalue("observed")
    yield
    sights = seen.news()
    assert not sights, "\n".join(str(sight) for sight in sights)


@pytest.fixture(scope="session")
def action_image() -> str:
    """Build the action's image with the classic builder, from the repository's Dockerfile."""
    tag = "docklet-action:test"
    build(tag)
    return tag


@pytest.fixture
def scene(sandbox: SandboxClient, loud: dict[str, str], tmp_path: Path) -> Iterator[Scene]:
    """Give a repository in the sandbox, and check that the sandbox is as empty as before."""
    sandbox.clear_faults()
    kind = dict.fromkeys(("boot_delay", "ip_delay", "api_delay", "pull_delay"), 0.0)
    sandbox.settings(**kind, full_regions=[], keep_disks=True)
    rented = len(sandbox.history())
    before, marked = passing(sandbox.inventory()), len(sandbox.violations())
    repository = f"mona/{uuid.uuid4().hex[:12]}"
    made = Scene(sandbox=sandbox, repository=repository, folder=tmp_path, extra=dict(loud))
    try:
        yield made
    finally:
        made.close()
        walls = {one["name"]: one["openings"] for one in sandbox.history()[rented:]}
        violations, left = sandbox.violations()[marked:], passing(sandbox.inventory())
        if left != before:
            sandbox.reset()
        sandbox.settings(keep_disks=False)
        leaks = left_on_disks(sandbox)
    assert sorted(leaks) == []
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
