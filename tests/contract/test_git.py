"""What every `Git` does alike: the fake in memory, and the real one with the sandbox's forge."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import pytest

from docklet.adapters.git.directory import GitDirectory
from docklet.domain.identity import RunKey
from docklet.domain.leak import search_for
from docklet.domain.outcome import Committed, CommittedFile, FileChange
from docklet.domain.secret import Secret
from docklet.ports import Change, CommitMessage, Git, PushAnswer, PushVerdict
from docklet_sandbox.launch import running
from tests.archives import Link, make_archive
from tests.fakes import FakeClock, FakeGit, FakeRepository

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from pathlib import Path

    from docklet_sandbox.client import SandboxClient

REPO = "mona/template"
MESSAGE = CommitMessage(
    text="Add results\n\nDocklet-Run: 1\n", author="Mona <mona@x.org>", committer="bot <b@x.org>"
)
FILES = {"a.txt": b"1\n", "d/plot.png": b"P" * 9000, "d/old.csv": b"1,2\n", "knit.R": b"knit()\n"}


class Repository(Protocol):
    """The forge's side, seen by somebody else."""

    def write(self, files: Mapping[str, bytes | None], branch: str = "main") -> str:
        """Commit past all rules."""

    def show(self, name: str, ref: str = "main") -> bytes | None:
        """Return a file."""


@dataclass(frozen=True, slots=True)
class SandboxRepository:
    """A repository of the sandbox's forge."""

    client: SandboxClient

    def write(self, files: Mapping[str, bytes | None], branch: str = "main") -> str:
        """Commit past all rules."""
        return self.client.forge.commit(REPO, dict(files), branch)

    def show(self, name: str, ref: str = "main") -> bytes | None:
        """Return a file."""
        return self.client.forge.show(REPO, name, ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A git directory and the repository it belongs to."""

    git: Git
    repository: Repository
    base: str
    """The commit that main is at in the beginning."""

    async def results(self, folder: Path, **changed: bytes) -> Sequence[Change]:
        """Import files as results; their names have `/` for `__` and `.` for `_`."""
        files = {
            name.replace("__", "/").replace("_", "."): content for name, content in changed.items()
        }
        archive = make_archive(folder / "results.tar", files)
        found = await self.git.import_results(archive, self.base)
        return found.changes


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines."""
    with running(tmp_path_factory.mktemp("git") / "state", "--machines=none") as started:
        yield started
        assert started.violations() == []


@pytest.fixture(params=["fake", "git"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Offer each kind of git directory in turn, beside a repository with some files."""
    if request.param == "fake":
        fake = FakeRepository()
        yield World(git=FakeGit(fake), repository=fake, base=fake.write(FILES))
        return
    client: SandboxClient = request.getfixturevalue("sandbox")
    client.reset()
    base = client.forge.create(REPO, FILES)
    assert base is not None
    git = await GitDirectory.open(
        f"{client.addresses.forge}/{REPO}",
        Secret(client.addresses.workflow_token),
        clock=FakeClock(),
    )
    yield World(git=git, repository=SandboxRepository(client), base=base)
    await git.close()


async def test_fetch(world: World) -> None:
    """A branch and a SHA give a commit, what is not there gives None."""
    assert await world.git.fetch("main") == world.base
    assert await world.git.fetch(world.base) == world.base
    assert await world.git.fetch("no/such") is None
    assert await world.git.fetch("1" * 40) is None
    moved = world.repository.write({"a.txt": b"2\n"})
    assert await world.git.fetch("main") == moved


async def test_results_arrive_byte_for_byte(world: World, tmp_path: Path) -> None:
    """Files, deletions, links and odd names end up on the branch as the script left them."""
    await world.git.fetch(world.base)
    files: dict[str, bytes | Link] = {
        "a.txt": b"\xef\xbb\xbf1\r\n",
        "d/plot.png": b"P" * 8999 + b"Q",
        "new dir/\u00fc \udcff\n.txt": bytes(range(256)),
        "run.sh": b"#!/bin/sh\n",
        "latest": Link("d/plot.png"),
        ".gitattributes": b"* text=auto eol=lf\n*.png filter=shrink\n",
    }
    archive = make_archive(
        tmp_path / "a.tar", files, deleted=["d/old.csv"], ignored=3, executable=["run.sh"]
    )
    found = await world.git.import_results(archive, world.base)
    assert (found.left_out, found.ignored) == ((), 3)
    modes = {change.path: change.mode for change in found.changes}
    assert modes[b"run.sh"] == "100755"
    assert modes[b"latest"] == "120000"
    assert modes[b"d/old.csv"] == "000000"
    sha = await world.git.commit(world.base, found.changes, MESSAGE)
    assert await world.git.push(sha, "main") == PushAnswer(verdict=PushVerdict.ACCEPTED)
    assert await world.git.remote_head("main") == sha
    assert world.repository.show("a.txt") == files["a.txt"]
    assert world.repository.show("d/plot.png") == files["d/plot.png"]
    assert world.repository.show("latest") == b"d/plot.png"
    assert world.repository.show("d/old.csv") is None
    assert world.repository.show("knit.R") == FILES["knit.R"]
    assert set(modes) == await world.git.changed_paths(world.base, sha)


async def test_commit_is_told_by_file(world: World, tmp_path: Path) -> None:
    """A commit of ours is told file by file, with what became of each and its size."""
    await world.git.fetch(world.base)
    files: dict[str, bytes | Link] = {
        "a.txt": b"longer\n",
        "new \u00fc\udcff\n.png": b"P" * 5000,
        "empty": b"",
        "latest": Link("d/plot.png"),
    }
    archive = make_archive(tmp_path / "a.tar", files, deleted=["d/old.csv"])
    found = await world.git.import_results(archive, world.base)
    sha = await world.git.commit(world.base, found.changes, MESSAGE)
    told = await world.git.committed(sha)
    assert told.files == (
        CommittedFile(path="a.txt", change=FileChange.CHANGED, size=7),
        CommittedFile(path="d/old.csv", change=FileChange.DELETED),
        CommittedFile(path="empty", change=FileChange.NEW, size=0),
        CommittedFile(path="latest", change=FileChange.NEW, size=10, regular=False),
        CommittedFile(path="new \u00fc\udcff\n.png", change=FileChange.NEW, size=5000),
    )
    assert await world.git.committed(world.base) == Committed()


async def test_effective(world: World, tmp_path: Path) -> None:
    """What a commit has already, or has not to lose, is no change."""
    await world.git.fetch(world.base)
    same = await world.results(tmp_path, a_txt=FILES["a.txt"], knit_R=b"other")
    gone = Change(path=b"d/old.csv", mode="000000", blob="")
    never = Change(path=b"d/never", mode="000000", blob="")
    kept = await world.git.effective(world.base, (*same, gone, never))
    assert {change.path for change in kept} == {b"knit.R", b"d/old.csv"}


async def test_lost_race(world: World, tmp_path: Path) -> None:
    """A push that comes too late is told so, and fits after another fetch."""
    await world.git.fetch("main")
    changes = await world.results(tmp_path, d__plot_png=b"mine")
    sha = await world.git.commit(world.base, changes, MESSAGE)
    theirs = world.repository.write({"a.txt": b"theirs\n"})
    assert (await world.git.push(sha, "main")).verdict is PushVerdict.RACED
    assert await world.git.remote_head("main") == theirs
    assert await world.git.fetch("main") == theirs
    assert await world.git.changed_paths(world.base, theirs) == {b"a.txt"}
    sha = await world.git.commit(theirs, await world.git.effective(theirs, changes), MESSAGE)
    assert (await world.git.push(sha, "main")).verdict is PushVerdict.ACCEPTED
    assert world.repository.show("a.txt") == b"theirs\n"
    assert world.repository.show("d/plot.png") == b"mine"


async def test_new_branch_from_a_commit_that_no_branch_ends_with(
    world: World, tmp_path: Path
) -> None:
    """Results on top of an old commit are pushed without the rest of that commit."""
    await world.git.fetch(world.base)
    world.repository.write({name: b"changed " + content for name, content in FILES.items()})
    changes = await world.results(tmp_path, a_txt=b"mine\n")
    sha = await world.git.commit(world.base, changes, MESSAGE)
    assert (await world.git.push(sha, "docklet/results-1")).verdict is PushVerdict.ACCEPTED
    assert await world.git.remote_head("docklet/results-1") == sha
    assert world.repository.show("knit.R", "docklet/results-1") == FILES["knit.R"]
    assert await world.git.remote_head("results-1") is None


async def test_file_and_directory_change_places(world: World, tmp_path: Path) -> None:
    """A file may become a directory and a directory a file."""
    await world.git.fetch(world.base)
    archive = make_archive(
        tmp_path / "a.tar",
        {"a.txt/inside": b"1", "d": b"2"},
        deleted=["a.txt", "d/plot.png", "d/old.csv"],
    )
    found = await world.git.import_results(archive, world.base)
    sha = await world.git.commit(world.base, found.changes, MESSAGE)
    assert (await world.git.push(sha, "main")).verdict is PushVerdict.ACCEPTED
    assert world.repository.show("a.txt/inside") == b"1"
    assert world.repository.show("d") == b"2"


async def test_pushing_again(world: World, tmp_path: Path) -> None:
    """Pushing what is there already is fine."""
    await world.git.fetch(world.base)
    sha = await world.git.commit(world.base, await world.results(tmp_path, x=b"1"), MESSAGE)
    for _ in range(2):
        assert (await world.git.push(sha, "main")).verdict is PushVerdict.ACCEPTED


async def test_nothing_to_import(world: World, tmp_path: Path) -> None:
    """An archive without files has no changes."""
    found = await world.git.import_results(make_archive(tmp_path / "a.tar", {}), world.base)
    assert not found.changes


async def test_run_is_found_by_its_trailer(world: World, tmp_path: Path) -> None:
    """A run's commit is found on a branch that moved on; a branch without it has none."""
    run, other = RunKey("ab" * 10), RunKey("cd" * 10)
    message = replace(MESSAGE, text=f"Add results\n\nDocklet-Run: {run}\nDocklet-Cost: $1\n")
    await world.git.fetch(world.base)
    changes = await world.results(tmp_path, x=b"1")
    sha = await world.git.commit(world.base, changes, message)
    assert (await world.git.push(sha, "main")).verdict is PushVerdict.ACCEPTED
    world.repository.write({"a.txt": b"theirs\n"})
    long_ago = 1000.0
    assert await world.git.find_run("main", run, long_ago) == sha
    assert await world.git.find_run("main", other, long_ago) is None
    assert await world.git.find_run("no/such", run, long_ago) is None


async def test_large_files_become_pointers(world: World, tmp_path: Path) -> None:
    """What the repository gives to LFS is committed as a pointer, once its bytes are uploaded."""
    base = world.repository.write({".gitattributes": b"*.bin filter=lfs -text\n"})
    await world.git.fetch(base)
    files: dict[str, bytes | Link] = {"d/model.bin": b"weights" * 9, "other": b"1"}
    archive = make_archive(tmp_path / "a.tar", files, executable=["d/model.bin"])
    found = await world.git.import_results(archive, base)
    assert await world.git.upload(found.changes) == {}
    sha = await world.git.commit(base, found.changes, MESSAGE)
    assert (await world.git.push(sha, "main")).verdict is PushVerdict.ACCEPTED
    assert world.repository.show("d/model.bin") == (
        b"version https://git-lfs.github.com/spec/v1\n"
        b"oid sha256:b71b1ccd1e3a3d5bcfd8ead11efc52e71014f5dac92f6aa5443a3f788a91b8f7\nsize 63\n"
    )
    assert world.repository.show("other") == b"1"
    told = {one.path: one.size for one in (await world.git.committed(sha)).files}
    assert told == {"d/model.bin": None, "other": 1}, "a pointer's size is nobody's business"


async def test_secrets_stay_out_of_commits(world: World, tmp_path: Path) -> None:
    """A file, a link, a name with a secret is left out by name; the rest is pushed."""
    await world.git.fetch(world.base)
    secret = "canary/Zq7fXw91+x"
    files: dict[str, bytes | Link] = {
        "fine.csv": b"1,2\n",
        "env.txt": b"A" * 1_048_570 + secret.encode() + b"A" * 9,
        "deep/er/notebook.ipynb": base64.encodebytes(b"KEY=" + secret.encode()),
        f"out/{secret}.txt": b"1",
        "link": Link(secret),
        "a.txt": secret.encode(),
    }
    archive = make_archive(tmp_path / "a.tar", files, deleted=["d/old.csv"])
    search = search_for({"API_KEY": Secret(secret), "OTHER": Secret("not there")})
    found = await world.git.import_results(archive, world.base, search)
    assert {each.path for each in found.changes} == {b"fine.csv", b"d/old.csv"}
    assert {each.path: each.archived for each in found.left_out} == dict.fromkeys(
        ("env.txt", "deep/er/notebook.ipynb", "***", "link", "a.txt"), True
    )
    assert {each.reason.partition("`")[2] for each in found.left_out} == {
        "API_KEY` in it, which is a secret"
    }
    assert secret not in repr(found)
    sha = await world.git.commit(world.base, found.changes, MESSAGE)
    assert (await world.git.push(sha, "main")).verdict is PushVerdict.ACCEPTED
    assert world.repository.show("fine.csv") == b"1,2\n"
    assert world.repository.show("a.txt") == FILES["a.txt"]
