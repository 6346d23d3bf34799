"""Very many files go through the real git in little memory of docklet's own."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from docklet.adapters.git.directory import GitDirectory
from docklet.domain.leak import search_for
from docklet.domain.outcome import FileChange
from docklet.domain.secret import Secret
from docklet.droplet.changes import Change, Changes
from docklet.droplet.manifest import parts
from docklet.ports import CommitMessage
from docklet_sandbox.launch import running
from tests.archives import member, write_parts
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docklet_sandbox.client import SandboxClient

MANY = 10_000
MOST = 300
"""Bytes of memory for each file; a million of them then fit beside everything else."""
REPO = "mona/template"
CANARY = "ghs_canary_" + "7f" * 20
MESSAGE = CommitMessage(text="Add results", author="Mona <m@x.org>", committer="bot <b@x.org>")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines, with a repository."""
    with running(tmp_path_factory.mktemp("git") / "state", "--machines=none") as started:
        started.forge.create(REPO, {".gitattributes": "*.bin filter=lfs\n"}, private=True)
        started.forge.token(CANARY, "github-actions[bot]", {"contents": "write"})
        yield started
        assert started.violations() == []


def many(path: Path) -> Path:
    """Write an archive of many small files."""
    changes, names = Changes(), [f"out/{each // 500:03}/sample-{each:07}" for each in range(MANY)]
    for name in names:
        changes.changed.append(Change(name.encode(), "100644", 2))
    told = parts(changes, is_evaluated=True)
    return write_parts(path, told, (member(name, b"1\n") for name in names))


async def test_little_memory(sandbox: SandboxClient, tmp_path: Path) -> None:
    """Each step takes a few hundred bytes for a file, though git is asked about every one."""
    archive = many(tmp_path / "a.tar")
    url = f"{sandbox.addresses.forge}/{REPO}"
    git = await GitDirectory.open(url, Secret(CANARY), tmp_path, clock=FakeClock())
    base = await git.fetch("main") or ""
    tracemalloc.start()
    try:
        found = await git.import_results(archive, base, search_for({"token": Secret(CANARY)}))
        changes = await git.effective(base, found.changes)
        sha = await git.commit(base, changes, MESSAGE)
        told = await git.committed(sha)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        await git.close()
    assert len(changes) == MANY
    assert len(told.files) + told.others.counts[FileChange.NEW] == MANY
    assert peak / MANY < MOST
