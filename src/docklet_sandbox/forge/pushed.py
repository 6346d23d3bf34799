"""What follows from a push: the record of it, and pull requests that now show another commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from docklet_sandbox.forge.bare import NOTHING
from docklet_sandbox.forge.model import Repository
from docklet_sandbox.forge.records import Push
from docklet_sandbox.forge.store import Forge

_BRANCH = "refs/heads/"


async def note_pushes(forge: Forge, repo: Repository, pushes: Sequence[Push]) -> None:
    """Record accepted ref updates and let pull requests follow their branches."""
    for push in pushes:
        forge.pushes.append(push)
        repo.pushed = push.at
        if push.ref.startswith(_BRANCH) and push.new != NOTHING:
            await _follow(forge, repo, push)


async def _follow(forge: Forge, source: Repository, push: Push) -> None:
    branch = push.ref.removeprefix(_BRANCH)
    for repo in forge.repositories.values():
        for pull in list(repo.pulls.values()):
            if (pull.head_repository, pull.head) != (source.full_name, branch):
                continue
            if repo.issues[pull.number].state != "open":
                continue
            repo.pulls[pull.number] = replace(pull, head_sha=push.new)
            if repo is not source:
                await repo.bare.git("fetch", "--quiet", str(source.bare.path), push.new)
            await repo.bare.point(f"refs/pull/{pull.number}/head", push.new)
