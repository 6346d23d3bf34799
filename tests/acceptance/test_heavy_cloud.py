"""The cloud passes with real machines what it passes with light ones: the very same tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract import test_cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet.ports import Cloud
    from docklet_sandbox.client import SandboxClient

globals().update({k: each for k, each in vars(test_cloud).items() if k.startswith("test_")})


@pytest.fixture
def cloud(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Offer the account, empty."""
    yield from test_cloud.at(sandbox, monkeypatch)
