"""The control API's verb that tells everything that the forge holds outside of git."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet_sandbox.forge.model import Repository
    from docklet_sandbox.forge.store import Forge


async def holdings(forge: Forge) -> dict[str, Any]:
    """Return what was said about each repository, by its name: also what was edited or deleted."""
    return {here.full_name: _of(here) for here in forge.repositories.values()}


def _of(here: Repository) -> dict[str, Any]:
    kinds: dict[str, Iterable[Any]] = {
        "comments": here.comments.values(),
        "statuses": here.statuses,
        "check runs": here.checks.values(),
        "issues": here.issues.values(),
        "pull requests": here.pulls.values(),
        "workflow runs": here.runs.values(),
    }
    found: dict[str, Any] = {kind: [asdict(one) for one in all_] for kind, all_ in kinds.items()}
    large = (base64.b64encode(content).decode() for content in here.large.values())
    return {**found, "large files": list(large)}
