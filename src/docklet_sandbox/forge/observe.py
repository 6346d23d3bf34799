"""The control API's verbs that look at the forge, past all tokens and limits."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from docklet_sandbox.forge.bare import Bare
from docklet_sandbox.forge.store import Forge

Json = Any


async def branches(forge: Forge, repo: str) -> Json:
    """Return all branches with their heads."""
    heads = await _bare(forge, repo).refs("refs/heads")
    return {ref.removeprefix("refs/heads/"): sha for ref, sha in heads.items()}


async def show(forge: Forge, repo: str, path: str, ref: str | None = None) -> Json:
    """Return a file as base64; null where there is none."""
    content = await _bare(forge, repo).show(ref or forge.repository(repo).default_branch, path)
    return None if content is None else base64.b64encode(content).decode()


async def paths(forge: Forge, repo: str, ref: str | None = None) -> Json:
    """Return the paths of all files of a commit."""
    return await _bare(forge, repo).paths(ref or forge.repository(repo).default_branch)


async def log(forge: Forge, repo: str, ref: str | None = None, limit: int = 100) -> Json:
    """Return the commits that lead to a ref, newest first."""
    here = forge.repository(repo)
    found = await here.bare.log(ref or here.default_branch, limit=limit)
    return [asdict(c) for c in found]


async def comments(forge: Forge, repo: str) -> Json:
    """Return all comments, deleted ones too, each with its body and all that it said before."""
    return [
        {**asdict(c), "body": c.body, "edits": c.edits}
        for c in forge.repository(repo).comments.values()
    ]


async def statuses(forge: Forge, repo: str) -> Json:
    """Return all commit statuses, oldest first."""
    return [asdict(s) for s in forge.repository(repo).statuses]


async def checks(forge: Forge, repo: str) -> Json:
    """Return all check runs with their annotations, oldest first."""
    return [asdict(c) for c in forge.repository(repo).checks.values()]


async def pulls(forge: Forge, repo: str) -> Json:
    """Return all pull requests with title, body and state."""
    here = forge.repository(repo)
    return [{**asdict(here.issues[n]), **asdict(p)} for n, p in here.pulls.items()]


async def pushes(forge: Forge) -> Json:
    """Return every ref update that was accepted, with whether it was forced."""
    return [asdict(p) for p in forge.pushes]


def _bare(forge: Forge, repo: str) -> Bare:
    return forge.repository(repo).bare
