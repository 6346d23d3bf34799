"""A hostile work tree: what it holds runs nowhere near the token, diverts nothing, loses nothing.

Scripts leave real git vectors; the real agent collects, and the real git directory of the runner
commits and pushes to the sandbox's forge.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from docklet.adapters.git.directory import GitDirectory
from docklet.adapters.git.objects import read_tree
from docklet.adapters.results.manifest import readable
from docklet.domain.secret import Secret
from docklet.ports import CommitMessage, PushVerdict
from docklet_sandbox.launch import running
from tests.acceptance.agent_rig import Rig
from tests.acceptance.canaries import texts_below
from tests.acceptance.hostile import RESULT, VECTORS, Trap, Vector
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from docklet.ports import Results
    from docklet_sandbox.client import SandboxClient

REPO: Final = "mona/template"
OTHER: Final = "mona/other"
CANARY: Final = "ghs_canary_" + "5e" * 20
FILES: Final = {"knit.R": "knit()\n", "data/one.csv": "1\n", "data/two.csv": "2\n"}
MESSAGE: Final = CommitMessage(text="Results", author="M <m@x.org>", committer="b <b@x.org>")
BITES: Final = {
    *("hooks", "core.hooksPath", "core.fsmonitor", "core.excludesFile", "gpg.program"),
    *("url.insteadOf", "url.pushInsteadOf", "remote.pushurl"),
    *("include.path", "includeIf", "extensions.worktreeConfig", "filter.clean", "filter.process"),
    *("attributes that convert", "nested repository", "info/exclude", "assume-unchanged"),
    *("no .git", "submodules", "a workflow"),
}
"""Vectors that a flow without any care falls for, and quickly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A forge with two repositories, and a checkout of the one."""

    sandbox: SandboxClient
    base: str
    checkout: Path
    state: Path

    def trap(self, folder: Path) -> Trap:
        """Copy the checkout, with all of git's in it, and lay a trap."""
        shutil.copytree(self.checkout, folder / "run", symlinks=True)
        run, fired = folder / "trap.sh", folder / "fired"
        run.write_text(f'#!/bin/sh\necho "$0 $@" >> {fired}\ncat 2>/dev/null\n')
        run.chmod(0o755)
        other = f"{self.sandbox.addresses.forge}/{OTHER}"
        work = folder / "run" / "work"
        return Trap(work=work, fired=fired, run=run, url=self.url, other=other)

    @property
    def url(self) -> str:
        """The repository's address."""
        return f"{self.sandbox.addresses.forge}/{REPO}.git"

    def shown(self, branch: str, names: Iterable[str]) -> dict[str, bytes]:
        """Return those files that a branch has, read by git itself, whatever their names are."""
        (place,) = self.state.rglob("*-template.git")
        listing = _git(place, "ls-tree", "-r", "-z", "--full-tree", branch)
        tree = {
            os.fsdecode(path): blob
            for path, (_, blob) in read_tree(listing.split(b"\0")[:-1]).items()
        }
        return {
            name: _git(place, "cat-file", "blob", tree[name]) for name in names if name in tree
        }

    def pushes(self) -> list[tuple[str, str]]:
        """Return repository and branch of every push that was accepted."""
        return [(each["repository"], each["ref"]) for each in self.sandbox.forge.pushes()]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Run a sandbox without machines; the token may write to both repositories."""
    folder = tmp_path_factory.mktemp("hostile")
    with running(folder / "state", "--machines=none") as sandbox:
        base = sandbox.forge.create(REPO, FILES, private=True)
        sandbox.forge.create(OTHER, {"trap.txt": "1\n"}, private=True)
        sandbox.forge.token(CANARY, "github-actions[bot]", {"contents": "write"})
        rig = Rig.install(folder / "run")
        url = f"{sandbox.addresses.forge}/{REPO}.git"
        answer = rig.ask("checkout", url=url, sha=base, branch="main", token=CANARY)
        assert answer == {"head": base, "files": len(FILES)}
        yield Stage(sandbox=sandbox, base=base or "", checkout=folder / "run", state=folder)
        assert sandbox.violations() == []


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
async def test_hostile_work_tree(stage: Stage, vector: Vector, tmp_path: Path) -> None:
    """Nothing is run, nothing goes elsewhere, nothing is lost, and the token is in no file."""
    trap, branch = stage.trap(tmp_path), _branch(vector)
    vector.plant(trap)
    before = stage.pushes()
    archive = tmp_path / "results.tar"
    status, collected = Rig(trap.work.parent, dict(os.environ)).stream("collect")
    assert status == 0
    archive.write_bytes(collected)
    results = await _pushed(stage, archive, branch, tmp_path)
    assert not trap.fired.exists(), trap.fired.read_text()
    assert stage.pushes()[len(before) :] == [(REPO, f"refs/heads/{branch}")]
    assert not [name for name in vector.left_out if not _is_named(name, results)]
    wanted = {**BEFORE, **RESULT, **_contents(vector, trap)}
    assert stage.shown(branch, wanted) == wanted
    assert CANARY.encode() not in b"".join(texts_below(tmp_path).values())


BEFORE: Final = {name: text.encode() for name, text in FILES.items()}


def _contents(vector: Vector, trap: Trap) -> dict[str, bytes]:
    """Return the bytes of those files of a vector that must arrive."""
    return {
        name: trap.filled(content).encode() if isinstance(content, str) else content
        for name, content in vector.files.items()
        if name not in vector.left_out
    }


def _git(place: Path, *arguments: str) -> bytes:
    """Ask git about the forge's own copy."""
    command = ("git", "--git-dir", str(place), *arguments)
    return subprocess.run(command, check=True, capture_output=True).stdout


async def test_hostile_environment(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier step of the job left in the environment, or at home, has no say either."""
    trap, vector = stage.trap(tmp_path), VECTORS[0]
    vector.plant(trap)
    home, traced = tmp_path / "home", tmp_path / "traced"
    home.mkdir()
    text = '[url "{other}"]\n\tinsteadOf = {url}\n[core]\n\thooksPath = {work}/../h\n'
    (home / ".gitconfig").write_text(trap.filled(text))
    for hook in ("pre-push", "reference-transaction"):
        trap.write(f"../h/{hook}", trap.filled("#!/bin/sh\nexec {run}\n")).chmod(0o755)
    config = {"core.hooksPath": str(trap.work / "../h"), f"url.{trap.other}.insteadOf": trap.url}
    for number, (key, value) in enumerate(config.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    names = ("ASKPASS", "SSH_COMMAND", "PROXY_COMMAND", "EXTERNAL_DIFF", "EDITOR", "PAGER")
    variables = {f"GIT_{name}": str(trap.run) for name in names}
    variables |= {"GIT_CONFIG_COUNT": str(len(config)), "HOME": str(home)}
    variables |= {
        "GIT_TRACE_CURL": str(traced),
        "GIT_TRACE_REDACT": "0",
        "GIT_DIR": str(trap.work),
    }
    variables |= {"GIT_INDEX_FILE": "/etc/passwd", "GIT_OBJECT_DIRECTORY": str(home)}
    archive = tmp_path / "results.tar"
    rig = Rig(trap.work.parent, dict(os.environ))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    archive.write_bytes(rig.stream("collect")[1])
    before = stage.pushes()
    await _pushed(stage, archive, "vectors/environment", tmp_path)
    monkeypatch.undo()
    assert not trap.fired.exists()
    assert not traced.exists()
    assert stage.pushes()[len(before) :] == [(REPO, "refs/heads/vectors/environment")]
    assert stage.shown("vectors/environment", RESULT) == RESULT


def _is_named(name: str, results: Results) -> bool:
    """Tell whether a path, or the directory that it is in, is among what was left out."""
    name = readable(os.fsencode(name))
    return any(f"{name}/".startswith(f"{each.path}/") for each in results.left_out)


def _branch(vector: Vector) -> str:
    """Return a branch of a vector's own."""
    return f"vectors/{VECTORS.index(vector)}"


async def _pushed(stage: Stage, archive: Path, branch: str, folder: Path) -> Results:
    """Commit and push an archive as a run does."""
    clock = FakeClock()
    git = await GitDirectory.open(stage.url, Secret(CANARY), folder, clock=clock)
    try:
        await git.fetch(stage.base)
        results = await git.import_results(archive, stage.base)
        assert await git.upload(results.changes) == {}
        sha = await git.commit(stage.base, results.changes, MESSAGE)
        answer = await git.push(sha, branch)
        assert answer.verdict is PushVerdict.ACCEPTED, answer.detail
        assert CANARY.encode() not in b"".join(texts_below(git.directory).values())
    finally:
        await git.close()
    return results


def test_the_vectors_bite(stage: Stage, tmp_path: Path) -> None:
    """Whoever commits and pushes from the work tree falls for each of these."""
    stood = []
    for vector in VECTORS:
        if vector.name not in BITES:
            continue
        folder = tmp_path / str(VECTORS.index(vector))
        folder.mkdir()
        trap, branch = stage.trap(folder), f"naive/{VECTORS.index(vector)}"
        vector.plant(trap)
        before = stage.pushes()
        _naive(trap, branch)
        there = stage.pushes()[len(before) :] == [(REPO, f"refs/heads/{branch}")]
        wanted = {**RESULT, **_contents(vector, trap)}
        if there and stage.shown(branch, wanted) == wanted and not trap.fired.exists():
            stood.append(vector.name)
    assert not stood


def _naive(trap: Trap, branch: str) -> None:
    """Commit and push from the work tree; git asks a helper for the token."""
    asks = trap.fired.with_name("askpass")
    asks.write_text(f"#!/bin/sh\ncase $1 in User*) echo x;; *) echo {CANARY};; esac\n")
    asks.chmod(0o755)
    env = {"PATH": os.environ["PATH"], "HOME": str(trap.fired.parent)}
    env |= {"GIT_ASKPASS": str(asks), "GIT_TERMINAL_PROMPT": "0"}
    identity = ("-c", "user.name=m", "-c", "user.email=m@x.org")
    for arguments in (
        ("add", "--all"),
        ("commit", "--quiet", "--message", "Results"),
        ("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}"),
    ):
        command = ("git", *identity, *arguments)
        subprocess.run(command, cwd=trap.work, env=env, check=False, capture_output=True)
