"""Results that belong into Git LFS: the real git and git-lfs with the sandbox's forge."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import threading
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from docklet.adapters.git.directory import GitDirectory
from docklet.domain.leak import search_for
from docklet.domain.secret import Secret
from docklet.ports import CommitMessage, PushVerdict
from docklet_sandbox.launch import running
from tests.archives import Link, make_archive
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    from docklet.ports import Results
    from docklet_sandbox.client import SandboxClient

REPO = "mona/template"
CANARY = "ghs_canary_" + "7f" * 20
MESSAGE = CommitMessage(text="Add results", author="Mona <m@x.org>", committer="bot <b@x.org>")
RULES = "*.bin filter=lfs diff=lfs merge=lfs -text\n"
FILES: dict[str, str | bytes | None] = {".gitattributes": RULES, "a.txt": "1\n"}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines."""
    with running(tmp_path_factory.mktemp("lfs") / "state", "--machines=none") as sandbox:
        yield sandbox
        assert sandbox.violations() == []


@pytest.fixture
def sandbox(started: SandboxClient) -> SandboxClient:
    """Return the sandbox with a private repository and a token for it."""
    started.clear_faults()
    started.reset()
    started.forge.create(REPO, FILES, private=True)
    started.forge.token(CANARY, "github-actions[bot]", {"contents": "write"})
    return started


@asynccontextmanager
async def opened(sandbox: SandboxClient) -> AsyncIterator[GitDirectory]:
    """Open a git directory for the repository."""
    url = f"{sandbox.addresses.forge}/{REPO}"
    git = await GitDirectory.open(url, Secret(CANARY), clock=FakeClock())
    try:
        yield git
    finally:
        await git.close()


async def imported(git: GitDirectory, folder: Path, files: Mapping[str, bytes | Link]) -> Results:
    """Import results of main's tip."""
    base = await git.fetch("main") or ""
    return await git.import_results(make_archive(folder / "a.tar", files), base)


async def pushed(git: GitDirectory, results: Results) -> Mapping[bytes, str]:
    """Upload, commit what can be, and push."""
    failed = await git.upload(results.changes)
    changes = [change for change in results.changes if change.path not in failed]
    sha = await git.commit(await git.fetch("main") or "", changes, MESSAGE)
    answer = await git.push(sha, "main")
    assert answer.verdict is PushVerdict.ACCEPTED, answer.detail
    return failed


def cloned(sandbox: SandboxClient, folder: Path) -> tuple[Path, bytes]:
    """Clone with git-lfs; return where, and what is different there from the commit."""
    address = sandbox.addresses.forge.replace("://", f"://x:{CANARY}@")
    clone = folder / "clone"
    home = {"HOME": str(folder), "PATH": os.environ["PATH"], "GIT_TERMINAL_PROMPT": "0"}

    def run(*command: str) -> bytes:
        done = subprocess.run(command, env=home, check=True, capture_output=True, cwd=folder)
        return done.stdout

    run("git", "lfs", "install")
    run("git", "clone", "-q", f"{address}/{REPO}", str(clone))
    return clone, run("git", "-C", str(clone), "status", "--porcelain")


def lfs_requests(sandbox: SandboxClient) -> list[tuple[str, str, int]]:
    """Return method, last part of the path and status of all requests about large files."""
    found = [each for each in sandbox.journal("forge") if "/info/lfs/" in each["path"]]
    return [(each["method"], each["path"].rpartition("/")[2], each["status"]) for each in found]


def pointer(content: bytes) -> bytes:
    """Return what stands for a file in a commit."""
    head = "version https://git-lfs.github.com/spec/v1"
    return f"{head}\noid sha256:{oid(content)}\nsize {len(content)}\n".encode()


def oid(content: bytes) -> str:
    """Return an object's name."""
    return hashlib.sha256(content).hexdigest()


async def test_clone_gets_the_bytes_back(sandbox: SandboxClient, tmp_path: Path) -> None:
    """What was uploaded is there for everybody who clones with git-lfs, byte for byte."""
    files: dict[str, bytes | Link] = {
        "model.bin": os.urandom(3_000_000),
        "deep/er/\u00fc \n.bin": b"small",
        "same.bin": b"small",
        "b.txt": b"no large file\r\n",
    }
    async with opened(sandbox) as git:
        assert await pushed(git, await imported(git, tmp_path, files)) == {}
    assert sandbox.forge.show(REPO, "model.bin") == pointer(bytes(files["model.bin"]))  # type: ignore[arg-type]
    clone, status = cloned(sandbox, tmp_path)
    assert {name: (clone / name).read_bytes() for name in files} == files
    assert status == b""


async def test_pointers_and_empty_files_stay(sandbox: SandboxClient, tmp_path: Path) -> None:
    """A pointer is committed as it is and an empty file empty; nothing is uploaded for them."""
    old = sandbox.forge.store_large(REPO, b"weights").encode()
    files: dict[str, bytes | Link] = {
        "copy.bin": old,
        "empty.bin": b"",
        "link.bin": Link("copy.bin"),
    }
    async with opened(sandbox) as git:
        assert await pushed(git, await imported(git, tmp_path, files)) == {}
    assert sandbox.forge.show(REPO, "copy.bin") == old
    assert sandbox.forge.show(REPO, "empty.bin") == b""
    assert sandbox.forge.show(REPO, "link.bin") == b"copy.bin"
    assert lfs_requests(sandbox) == []


async def test_unchanged_large_file_is_no_change(sandbox: SandboxClient, tmp_path: Path) -> None:
    """The file that a pointer of the commit stands for is no change, and is not sent again."""
    sandbox.forge.commit(REPO, {"model.bin": sandbox.forge.store_large(REPO, b"weights")})
    async with opened(sandbox) as git:
        base = await git.fetch("main") or ""
        found = await imported(git, tmp_path, {"model.bin": b"weights", "b.txt": b"2"})
        kept = await git.effective(base, found.changes)
        assert {change.path for change in kept} == {b"b.txt"}
        assert await git.upload(found.changes) == {}
    assert [method for method, _, _ in lfs_requests(sandbox)] == ["POST"]


async def test_attributes_come_early(sandbox: SandboxClient, tmp_path: Path) -> None:
    """What tells large files apart comes with the commit, so that results need not wait for it."""
    sandbox.forge.commit(REPO, {"d/.gitattributes": "*.bin !filter\n", "other": b"o" * 9999})
    base = sandbox.forge.head(REPO) or ""
    async with opened(sandbox) as git:
        assert await git.fetch(base) == base
        before = len(sandbox.journal("forge"))
        archive = make_archive(tmp_path / "a.tar", {"d/small.bin": b"1", "large.bin": b"2"})
        found = await git.import_results(archive, base)
        assert len(sandbox.journal("forge")) == before
        assert await pushed(git, found) == {}
    assert sandbox.forge.show(REPO, "d/small.bin") == b"1"
    assert sandbox.forge.show(REPO, "large.bin") == pointer(b"2")


@pytest.mark.parametrize(
    ("brought", "deleted", "large"),
    [
        ({}, [], True),
        ({"d/.gitattributes": b"*.bin !filter\n"}, [], False),
        ({".gitattributes": b"*.dat filter=lfs\n"}, [], False),
        ({".gitattributes": b"[attr]big filter=lfs\n/d/model.* big\n"}, [], True),
        ({".gitattributes": b"* filter=lfs\n"}, [], True),
        ({".gitattributes": b"*.bin filter=nothing\n"}, [], False),
        ({".gitattributes": Link("d/other")}, [], True),
        ({}, [".gitattributes"], False),
    ],
)
async def test_attributes_of_the_commit_to_be(
    sandbox: SandboxClient,
    tmp_path: Path,
    brought: Mapping[str, bytes | Link],
    deleted: list[str],
    *,
    large: bool,
) -> None:
    """Those attributes count that the results' commit has: the repository's and the script's."""
    files: dict[str, bytes | Link] = {"d/model.bin": b"weights", **brought}
    async with opened(sandbox) as git:
        base = await git.fetch("main") or ""
        archive = make_archive(tmp_path / "a.tar", files, deleted=deleted)
        found = await git.import_results(archive, base)
        assert await pushed(git, found) == {}
    expected = pointer(b"weights") if large else b"weights"
    assert sandbox.forge.show(REPO, "d/model.bin") == expected
    for name, content in brought.items():
        text = content.target.encode() if isinstance(content, Link) else content
        assert sandbox.forge.show(REPO, name) == text


async def test_names_that_git_refuses(sandbox: SandboxClient, tmp_path: Path) -> None:
    """Names that no commit may have keep nobody from telling which of the others are large."""
    odd = ("../out.bin", "/etc/x.bin", ".git/x.bin", "git~1/x.bin", "d//x.bin", "")
    files = {**dict.fromkeys(odd, b"x"), "git~1/.gitattributes": b"* !filter\n", "a.bin": b"y"}
    async with opened(sandbox) as git:
        found = await imported(git, tmp_path, files)
        assert await pushed(git, found) == {}
    assert {one.path for one in found.left_out} == {*files} - {"a.bin"}
    assert sandbox.forge.show(REPO, "a.bin") == pointer(b"y")


async def test_quota(sandbox: SandboxClient, tmp_path: Path) -> None:
    """Where LFS takes nothing the rest is pushed all the same, and the forge's words are told."""
    sandbox.forge.call("configure", repo=REPO, over_large_quota=True)
    async with opened(sandbox) as git:
        failed = await pushed(
            git, await imported(git, tmp_path, {"model.bin": b"weights", "b.txt": b"2"})
        )
    assert list(failed) == [b"model.bin"]
    assert "over its data quota" in failed[b"model.bin"]
    assert sandbox.forge.show(REPO, "model.bin") is None
    assert sandbox.forge.show(REPO, "b.txt") == b"2"


async def test_one_file_that_is_refused(sandbox: SandboxClient, tmp_path: Path) -> None:
    """A file that LFS does not take costs nothing but itself."""
    sandbox.forge.call("limits", max_large_bytes=1000)
    files = {f"{number}.bin": bytes([number]) * 10 for number in range(7)}
    async with opened(sandbox) as git:
        failed = await pushed(git, await imported(git, tmp_path, {**files, "5.bin": b"x" * 1001}))
    assert list(failed) == [b"5.bin"]
    assert "Size must be less than" in failed[b"5.bin"]
    assert sandbox.forge.show(REPO, "6.bin") == pointer(files["6.bin"])


async def test_passing_failure(sandbox: SandboxClient, tmp_path: Path) -> None:
    """A server that is ill for a moment costs a moment."""
    async with opened(sandbox) as git:
        found = await imported(git, tmp_path, {"model.bin": b"weights"})
        sandbox.fault("503", service="forge", route="*/batch")
        assert await pushed(git, found) == {}


async def test_storage_that_is_gone(sandbox: SandboxClient, tmp_path: Path) -> None:
    """A storage that nobody can reach is not asked again for every single file."""
    files: dict[str, bytes | Link] = {f"{number}.bin": bytes([number]) for number in range(6)}
    async with opened(sandbox) as git:
        found = await imported(git, tmp_path, {**files, "b.txt": b"2"})
        sandbox.fault("drop", service="forge", method="PUT", route="*/info/lfs/*", count=999)
        failed = await pushed(git, found)
    assert {path.decode() for path in failed} == files.keys()
    assert len([1 for method, _, _ in lfs_requests(sandbox) if method == "PUT"]) <= 6 * 4 * 2
    assert sandbox.forge.show(REPO, "b.txt") == b"2"


async def test_machine_without_git_lfs(
    sandbox: SandboxClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without git-lfs the files are named with that reason, and the rest goes its way."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("git", "sh", "cat"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    monkeypatch.setenv("PATH", str(tools))
    async with opened(sandbox) as git:
        found = await imported(git, tmp_path, {"model.bin": b"weights", "b.txt": b"2"})
        failed = await pushed(git, found)
    assert "no git-lfs on this machine" in failed[b"model.bin"]
    assert lfs_requests(sandbox) == []


@contextmanager
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Run a server that asks for credentials, and note what it is shown."""
    seen: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def answer(self) -> None:
            seen.append(self.headers.get("Authorization", ""))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the base class's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()


async def test_address_in_the_repository(sandbox: SandboxClient, tmp_path: Path) -> None:
    """No `.lfsconfig`, old or new, makes anybody else hear of the files, or of the token."""
    with elsewhere() as (address, seen):
        trap = f"[lfs]\n\turl = {address}\n\tpushurl = {address}\n".encode()
        sandbox.forge.commit(REPO, {".lfsconfig": trap})
        files = {"model.bin": b"weights", ".lfsconfig": trap + b"# new\n"}
        async with opened(sandbox) as git:
            assert await pushed(git, await imported(git, tmp_path, files)) == {}
    assert seen == []


@pytest.mark.parametrize("way", ["redirect", "storage"])
async def test_other_servers_get_no_token(
    sandbox: SandboxClient, tmp_path: Path, way: str
) -> None:
    """Wherever the forge sends us: the token is for the forge alone, also when asked for."""
    large = {"oid": oid(b"weights"), "size": 7}
    with elsewhere() as (address, seen):
        storage = {**large, "actions": {"upload": {"href": f"{address}/put"}}}
        answers: dict[str, dict[str, Any]] = {
            "redirect": {"status": 307, "headers": {"Location": f"{address}/batch"}},
            "storage": {"status": 200, "body": {"transfer": "basic", "objects": [storage]}},
        }
        async with opened(sandbox) as git:
            found = await imported(git, tmp_path, {"model.bin": b"weights", "b.txt": b"2"})
            sandbox.fault("answer", service="forge", route="*/batch", count=99, **answers[way])
            assert list(await pushed(git, found)) == [b"model.bin"]
    assert set(seen) <= {""}


async def test_secret_in_a_large_file(sandbox: SandboxClient, tmp_path: Path) -> None:
    """A large file with a secret is neither committed as a pointer nor uploaded."""
    secret = "canary-Zq7fXw91"
    files = {"model.bin": os.urandom(3_000_000) + secret.encode(), "fine.bin": b"weights"}
    async with opened(sandbox) as git:
        base = await git.fetch("main") or ""
        archive = make_archive(tmp_path / "a.tar", files)
        results = await git.import_results(archive, base, search_for({"KEY": Secret(secret)}))
        assert await pushed(git, results) == {}
    assert [each.path for each in results.left_out] == ["model.bin"]
    assert sandbox.forge.show(REPO, "model.bin") is None
    assert sandbox.forge.show(REPO, "fine.bin") == pointer(b"weights")
    uploads = [path for method, path, _ in lfs_requests(sandbox) if method == "PUT"]
    assert uploads == [oid(b"weights")]
