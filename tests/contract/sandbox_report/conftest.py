"""One sandbox without machines, empty for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from docklet_sandbox.launch import running
from tests.contract.sandbox_report.plants import REPO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.client import SandboxClient


@pytest.fixture(scope="package", name="started")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines."""
    with running(tmp_path_factory.mktemp("report") / "state", "--machines=none") as sandbox:
        yield sandbox


@pytest.fixture(name="sandbox")
def _sandbox(started: SandboxClient) -> SandboxClient:
    """Return the sandbox, empty but for one repository."""
    started.reset()
    started.forge.create(REPO, {"file.txt": "1\n"})
    return started
