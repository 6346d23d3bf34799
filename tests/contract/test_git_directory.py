"""The real git: its token, its refusals and its endings, with the sandbox's forge."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
import tempfile
import threading
import time
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from docklet.adapters.git.directory import GitDirectory
from docklet.domain.errors import AgentError, DockletError, GitError
from docklet.domain.identity import RunKey
from docklet.domain.outcome import Reason
from docklet.domain.secret import Secret
from docklet.ports import CommitMessage, PushVerdict
from docklet_sandbox.launch import running
from tests.archives import make_archive
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from docklet_sandbox.client import SandboxClient

REPO = "mona/template"
CANARY = "ghs_canary_" + "7f" * 20
MESSAGE = CommitMessage(text="Add results", author="Mona <m@x.org>", committer="bot <b@x.org>")
GRANTS = {"contents": "write"}
FILES: dict[str, str | bytes | None] = {"a.txt": "1\n", "big.bin": b"B" * 50_000}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines."""
    with running(tmp_path_factory.mktemp("git") / "state", "--machines=none") as sandbox:
        yield sandbox
        assert sandbox.violations() == []


@pytest.fixture
def sandbox(started: SandboxClient) -> SandboxClient:
    """Return the sandbox with a private repository and a token for it."""
    started.reset()
    started.forge.create(REPO, FILES, private=True)
    started.forge.token(CANARY, "github-actions[bot]", GRANTS)
    return started


@asynccontextmanager
async def opened(sandbox: SandboxClient, token: str = CANARY) -> AsyncIterator[GitDirectory]:
    """Open a git directory for the repository."""
    url = f"{sandbox.addresses.forge}/{REPO}"
    git = await GitDirectory.open(url, Secret(token), clock=FakeClock())
    try:
        yield git
    finally:
        await git.close()
        await git.close()


async def committed(git: GitDirectory, folder: Path, name: str = "a.txt", size: int = 9) -> str:
    """Commit a result on top of main."""
    base = await git.fetch("main")
    assert base is not None
    found = await git.import_results(make_archive(folder / "a.tar", {name: b"x" * size}), base)
    return await git.commit(base, found.changes, MESSAGE)


def homes() -> set[str]:
    """Return the git directories of all processes that run in one of ours."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        found |= {
            each.decode()
            for each in environment
            if b"GIT_DIR=" in each and b"docklet-git-" in each
        }
    return found


def is_empty(folder: Path) -> bool:
    """Tell whether nothing was left behind."""
    return not any(folder.iterdir())


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, five seconds at most."""
    for _ in range(250):
        if holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("It never came true.")


async def test_token_is_nowhere(
    sandbox: SandboxClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No argument, variable or file of any git command holds the token, in any usual form."""
    seen = tmp_path / "seen"
    spy = tmp_path / "bin" / "git"
    spy.parent.mkdir()
    spy.write_text(
        f'#!/bin/sh\n{{ echo "$@"; env; }} >> {seen}\nexec {shutil.which("git")} "$@"\n'
    )
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("GITHUB_TOKEN", CANARY)
    monkeypatch.setenv("GIT_TRACE", "1")
    async with opened(sandbox) as git:
        sha = await committed(git, tmp_path)
        assert (await git.push(sha, "main")).verdict is PushVerdict.ACCEPTED
        written = [seen, *git.directory.rglob("*")]
        texts = b"".join(path.read_bytes() for path in written if path.is_file())
    assert b"push --porcelain" in texts
    assert b"x-access-token" in texts
    assert b"canary" not in texts
    assert not git.directory.exists()


async def test_token_without_memory_files(
    sandbox: SandboxClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are no memory files, a file that only we can read stands in, and goes."""
    monkeypatch.delattr(os, "memfd_create")
    async with opened(sandbox) as git:
        holders = [path for path in git.directory.iterdir() if path.is_file()]
        holders = [path for path in holders if CANARY in path.read_text()]
        assert [stat.S_IMODE(path.stat().st_mode) for path in holders] == [0o600]
        sha = await committed(git, tmp_path)
        assert (await git.push(sha, "main")).verdict is PushVerdict.ACCEPTED
    assert not git.directory.exists()


async def test_no_blob_is_fetched(sandbox: SandboxClient, tmp_path: Path) -> None:
    """Changing a large file neither needs its old content nor asks the forge for it."""
    async with opened(sandbox) as git:
        sha = await committed(git, tmp_path, "big.bin", 49_000)
        before = len(sandbox.journal("forge"))
        assert (await git.push(sha, "main")).verdict is PushVerdict.ACCEPTED
        later = sandbox.journal("forge")[before:]
        packed = sum(pack.stat().st_size for pack in git.directory.rglob("*.pack"))
    assert not [one for one in later if one["path"].endswith("git-upload-pack")]
    assert packed < 5000


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [("protection", PushVerdict.PROTECTED), ("ruleset", PushVerdict.PROTECTED)],
)
async def test_guarded_branch(
    sandbox: SandboxClient, tmp_path: Path, kind: str, verdict: PushVerdict
) -> None:
    """A branch that is guarded says so, and another one takes the same commit."""
    sandbox.forge.protect(REPO, kind=kind)
    async with opened(sandbox) as git:
        sha = await committed(git, tmp_path)
        answer = await git.push(sha, "main")
        assert (answer.verdict, "pull request" in answer.detail) == (verdict, True)
        assert (await git.push(sha, "docklet/results-1")).verdict is PushVerdict.ACCEPTED


async def test_content_that_the_forge_refuses(sandbox: SandboxClient, tmp_path: Path) -> None:
    """A file above the forge's limit is refused whatever the branch."""
    sandbox.forge.call("limits", max_file_bytes=10_000)
    async with opened(sandbox) as git:
        sha = await committed(git, tmp_path, "large.bin", 10_001)
        answer = await git.push(sha, "main")
        assert answer.verdict is PushVerdict.REFUSED
        assert "large.bin" in answer.detail


async def test_token_that_may_not_write(sandbox: SandboxClient, tmp_path: Path) -> None:
    """A token that may only read fetches, and its push is denied."""
    sandbox.forge.token(CANARY, "github-actions[bot]", {"contents": "read"})
    async with opened(sandbox) as git:
        sha = await committed(git, tmp_path)
        assert (await git.push(sha, "main")).verdict is PushVerdict.DENIED


async def test_token_that_nobody_knows(sandbox: SandboxClient) -> None:
    """A wrong token is the user's matter, and is not shown."""
    async with opened(sandbox, "wrong_canary") as git:
        with pytest.raises(GitError, match="contents: read") as caught:
            await git.fetch("main")
        assert caught.value.reason is Reason.FORGE_DENIED
        assert "canary" not in str(caught.value)


async def test_token_with_a_line_break(tmp_path: Path) -> None:
    """A token that would break out of git's credential protocol is refused."""
    with pytest.raises(GitError, match="copied wrongly"):
        await GitDirectory.open(
            "https://github.com/o/r", Secret("a\nhost=x"), tmp_path, clock=FakeClock()
        )
    assert is_empty(tmp_path)


@pytest.mark.parametrize(
    "url", ["git@github.com:o/r", "file:///etc", "https://u:p@h/o/r", "ext::sh"]
)
async def test_url_that_is_none(tmp_path: Path, url: str) -> None:
    """Only http and https without credentials are addresses of a forge."""
    with pytest.raises(GitError, match="no address"):
        await GitDirectory.open(url, Secret("t"), tmp_path, clock=FakeClock())
    assert is_empty(tmp_path)


async def test_passing_failure_of_a_fetch(sandbox: SandboxClient) -> None:
    """Reading is tried again after a passing failure, and not for ever."""
    async with opened(sandbox) as git:
        sandbox.fault("503", service="forge", route="*/info/refs", count=2)
        assert await git.fetch("main") == sandbox.forge.head(REPO)
        sandbox.fault("drop", service="forge", route="*/info/refs", count=3)
        with pytest.raises(GitError, match="be reached"):
            await git.remote_head("main")


async def test_somebody_else_answers(sandbox: SandboxClient) -> None:
    """A page where git's answer should be says nothing of branches, and not that one is gone.

    git takes such a server for one of the simplest kind, with not one branch.
    """
    async with opened(sandbox) as git:
        sandbox.fault("garbage", service="forge", route="*/info/refs")
        assert await git.fetch("main") == sandbox.forge.head(REPO)
        sandbox.fault("garbage", service="forge", route="*/info/refs", count=99)
        for looked in (git.fetch("main"), git.find_run("main", RunKey("5" * 20), 0.0)):
            with pytest.raises(GitError, match="no git server"):
                await looked
        sandbox.clear_faults()
        assert await git.fetch("nowhere") is None
    assert {"HEAD" in each for each in sandbox.violations()} == {True}, (
        "what git asks such a server"
    )
    sandbox.reset()


async def test_lost_answer_of_a_push(sandbox: SandboxClient, tmp_path: Path) -> None:
    """When the answer to a push is lost, that is said, and a look shows what became of it."""
    async with opened(sandbox) as git:
        sha = await committed(git, tmp_path)
        sandbox.fault(
            "commit_then_drop", service="forge", method="POST", route="*git-receive-pack"
        )
        assert (await git.push(sha, "main")).verdict is PushVerdict.UNKNOWN
        assert await git.remote_head("main") == sha


async def test_branch_that_was_wound_back(sandbox: SandboxClient, tmp_path: Path) -> None:
    """On a branch that lost its tip since, the results are committed again and go there."""
    first = sandbox.forge.head(REPO)
    assert first is not None
    sandbox.forge.commit(REPO, {"b.txt": "later\n"})
    async with opened(sandbox) as git:
        sha = await committed(git, tmp_path)
        wind_back(sandbox, first)
        assert (await git.push(sha, "main")).verdict is PushVerdict.RACED
        again = await committed(git, tmp_path)
        assert (await git.push(again, "main")).verdict is PushVerdict.ACCEPTED
        rootless = await git.push(sha, "docklet/results-1")
        assert rootless.verdict is PushVerdict.ROOTLESS
        assert (await git.push(again, "docklet/results-1")).verdict is PushVerdict.ACCEPTED
    assert sandbox.forge.show(REPO, "a.txt") == b"x" * 9
    assert sandbox.forge.show(REPO, "b.txt") is None


async def test_tip_that_a_search_has_seen_first(sandbox: SandboxClient, tmp_path: Path) -> None:
    """Looking for a run's commit fetches no trees; what is then built on a tip has them all."""
    run = RunKey("ab" * 10)
    async with opened(sandbox) as git:
        assert await git.fetch("main")
        sandbox.forge.commit(REPO, {"d/b.txt": "later\n"})
        assert await git.find_run("main", run, time.time() - 3600) is None
        sha = await committed(git, tmp_path)
        assert (await git.push(sha, "main")).verdict is PushVerdict.ACCEPTED
    assert sandbox.forge.show(REPO, "d/b.txt") == b"later\n"


def wind_back(sandbox: SandboxClient, sha: str) -> None:
    """Force the branch back to a commit, as somebody does who has it at home."""
    host = sandbox.addresses.forge.replace("://", f"://x:{CANARY}@")
    with tempfile.TemporaryDirectory() as home:
        for command in (
            ("clone", "--quiet", "--bare", f"{host}/{REPO}", home),
            ("-C", home, "push", "--quiet", "--force", "origin", f"{sha}:refs/heads/main"),
        ):
            subprocess.run(["git", *command], check=True, capture_output=True)


@pytest.mark.parametrize("advertised", [True, False])
async def test_somebody_in_between(
    sandbox: SandboxClient, tmp_path: Path, *, advertised: bool
) -> None:
    """Whether git or the forge sees it first, a lost race is a lost race."""
    async with opened(sandbox) as git:
        sha = await committed(git, tmp_path)
        sandbox.forge.ambush(REPO, {"b.txt": "theirs"}, advertised=advertised)
        assert (await git.push(sha, "main")).verdict is PushVerdict.RACED


async def test_cancel_ends_git(sandbox: SandboxClient) -> None:
    """Cancelling ends git and its helpers at once, also when the forge is mute."""
    async with opened(sandbox) as git:
        sandbox.fault("black_hole", service="forge", route="*/info/refs")
        task = asyncio.create_task(git.fetch("main"))
        mine = f"GIT_DIR={git.directory}"
        await until(lambda: not sandbox.pending_faults())
        assert mine in homes()
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 1
        await until(lambda: mine not in homes())
        assert await git.fetch("main") == sandbox.forge.head(REPO)


async def test_redirect_gets_no_token(tmp_path: Path) -> None:
    """A server that sends us elsewhere is not followed, least of all with the token."""
    asked: list[str] = []

    port = 0

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{port}/other/r")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{port}/mona/r"
        git = await GitDirectory.open(url, Secret(CANARY), tmp_path, clock=FakeClock())
        with pytest.raises(GitError):
            await git.fetch("main")
        await git.close()
        server.shutdown()
    assert {path.partition("?")[0] for path in asked} == {"/mona/r/info/refs"}


async def test_broken_archive(sandbox: SandboxClient, tmp_path: Path) -> None:
    """A broken archive stores nothing that would be committed, and leaves git usable."""
    archive = make_archive(tmp_path / "a.tar", {"a": b"x" * 9999})
    archive.write_bytes(archive.read_bytes()[:6000])
    async with opened(sandbox) as git:
        base = await git.fetch("main") or ""
        for path in (archive, tmp_path / "missing.tar"):
            with pytest.raises(AgentError):
                await git.import_results(path, base)
        sha = await committed(git, tmp_path)
        assert (await git.push(sha, "main")).verdict is PushVerdict.ACCEPTED


async def test_machine_without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git the user is told to install it."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DockletError, match="Install git"):
        await GitDirectory.open("https://github.com/o/r", Secret("t"), clock=FakeClock())
