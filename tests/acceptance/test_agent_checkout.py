"""The agent clones one commit with a token that nobody else gets to see."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.agent_rig import TOKEN, GitServer, Rig, commit, git, make_repository

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = {"knit.R": "cat('hello')\n", "inst/example.Rmd": "# Example\n"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    """Serve repositories over HTTP, with a login."""
    (tmp_path / "served").mkdir()
    with GitServer(tmp_path / "served").serving() as serving:
        yield serving


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Provide an agent."""
    return Rig.install(tmp_path / "run")


def publish(server: GitServer, source: Path, name: str = "r.git") -> str:
    """Serve a copy of `source` and return its address."""
    git(source, "clone", "--quiet", "--bare", str(source), str(server.root / name))
    return f"{server.url}/{name}"


def test_the_pinned_commit_is_checked_out(server: GitServer, rig: Rig, tmp_path: Path) -> None:
    """A branch that has moved on does not matter: the commit that was asked for comes."""
    pinned = make_repository(tmp_path / "source", FILES)
    commit(tmp_path / "source", {"knit.R": "later"})
    url = publish(server, tmp_path / "source")
    answer = rig.ask("checkout", url=url, sha=pinned, branch="main", depth=1, token=TOKEN)
    assert answer == {"head": pinned, "files": 2}
    assert (rig.work / "knit.R").read_text() == FILES["knit.R"]
    assert git(rig.work, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert git(rig.work, "rev-list", "--count", "HEAD") == "1"
    assert git(rig.work, "status", "--porcelain") == ""


def test_the_same_request_again_changes_nothing(
    server: GitServer, rig: Rig, tmp_path: Path
) -> None:
    """A request repeated after a lost connection is answered without another clone."""
    sha = make_repository(tmp_path / "source", FILES)
    request = {"url": publish(server, tmp_path / "source"), "sha": sha, "token": TOKEN}
    first = rig.ask("checkout", **request)
    requests = len(server.seen)
    assert rig.ask("checkout", **request) == first
    assert len(server.seen) == requests


def test_all_of_the_history_comes_when_asked_for(
    server: GitServer, rig: Rig, tmp_path: Path
) -> None:
    """A depth of 0 brings every branch and tag."""
    make_repository(tmp_path / "source", FILES)
    git(tmp_path / "source", "tag", "v1")
    sha = commit(tmp_path / "source", {"more": "more"})
    url = publish(server, tmp_path / "source")
    rig.ask("checkout", url=url, sha=sha, depth=0, token=TOKEN)
    assert git(rig.work, "rev-list", "--count", "HEAD") == "2"
    assert git(rig.work, "tag") == "v1"


def test_a_server_that_hands_out_branches_only(
    server: GitServer, rig: Rig, tmp_path: Path
) -> None:
    """Where a bare SHA is refused, the commit is found on its branch."""
    pinned = make_repository(tmp_path / "source", FILES)
    commit(tmp_path / "source", {"knit.R": "later"})
    server.protocol = "version=0"
    url = publish(server, tmp_path / "source")
    answer = rig.ask("checkout", url=url, sha=pinned, branch="main", depth=1, token=TOKEN)
    assert answer["head"] == pinned


def test_the_token_is_nowhere(server: GitServer, rig: Rig, tmp_path: Path) -> None:
    """While git clones and afterwards, no file, argument or environment holds the token."""
    sha = make_repository(tmp_path / "source", FILES)
    url = publish(server, tmp_path / "source")
    server.delay = 0.4
    process = rig.popen("checkout", url=url, sha=sha, token=TOKEN)
    sightings, helpers = [], 0
    while process.poll() is None:
        seen = processes()
        sightings += [one for one in seen if TOKEN.encode() in one]
        helpers += any(b"git-remote-http" in one for one in seen)
        time.sleep(0.01)
    assert process.communicate()[0].startswith(b'{"files"')
    assert helpers > 5
    assert not sightings
    found = subprocess.run(("grep", "-rl", TOKEN, str(rig.home)), capture_output=True, check=False)
    assert found.stdout == b""
    settings = (rig.work / ".git" / "config").read_text()
    assert f"url = {url}\n" in settings
    assert "credential" not in settings


def processes() -> list[bytes]:
    """Return the arguments and environment of every process but this one."""
    texts = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            texts += [(path / "cmdline").read_bytes(), (path / "environ").read_bytes()]
        except OSError:
            continue
    return texts


def test_another_host_does_not_get_the_token(server: GitServer, rig: Rig, tmp_path: Path) -> None:
    """A submodule on somebody else's server can't collect the token."""
    (tmp_path / "other").mkdir()
    make_repository(tmp_path / "theirs", {"x": "x"})
    with GitServer(tmp_path / "other").serving() as other:
        url = publish(other, tmp_path / "theirs", "theirs.git")
        make_repository(tmp_path / "source", FILES)
        sha = add_submodule(tmp_path / "source", "theirs", url, tmp_path / "theirs")
        answer = rig.ask(
            "checkout",
            url=publish(server, tmp_path / "source"),
            sha=sha,
            token=TOKEN,
            submodules="true",
        )
    assert answer["error"]["kind"] == "clone-auth"
    assert other.seen
    assert set(other.seen) == {""}


def test_submodules_of_the_same_host_come_along(
    server: GitServer, rig: Rig, tmp_path: Path
) -> None:
    """Recursive submodules are cloned with the same token, and it stays nowhere."""
    make_repository(tmp_path / "inner", {"inner.txt": "inner"})
    publish(server, tmp_path / "inner", "inner.git")
    make_repository(tmp_path / "middle", {"middle.txt": "middle"})
    add_submodule(tmp_path / "middle", "inner", "../inner.git", tmp_path / "inner")
    publish(server, tmp_path / "middle", "middle.git")
    make_repository(tmp_path / "source", FILES)
    sha = add_submodule(tmp_path / "source", "middle", "../middle.git", tmp_path / "middle")
    url = publish(server, tmp_path / "source")
    rig.ask("checkout", url=url, sha=sha, token=TOKEN, submodules="recursive")
    assert (rig.work / "middle" / "inner" / "inner.txt").read_text() == "inner"
    found = subprocess.run(("grep", "-rl", TOKEN, str(rig.home)), capture_output=True, check=False)
    assert found.stdout == b""


def add_submodule(repository: Path, path: str, url: str, source: Path) -> str:
    """Commit a submodule that is said to live at `url`."""
    git(repository, "submodule", "--quiet", "add", str(source), path)
    git(repository, "config", "--file", ".gitmodules", f"submodule.{path}.url", url)
    return commit(repository, {})


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"token": "wrong"}, "clone-auth"),
        ({"token": None}, "clone-auth"),
        ({"url": "/missing.git"}, "clone-not-found"),
        ({"sha": "0" * 39 + "1"}, "clone-sha-missing"),
        ({"sha": "main"}, "request"),
        ({"url": "ssh://host/x.git"}, "request"),
    ],
)
def test_known_failures(
    server: GitServer, rig: Rig, tmp_path: Path, change: dict[str, str], kind: str
) -> None:
    """What the user can mend is told by kind, in a sentence, without the token."""
    sha = make_repository(tmp_path / "source", FILES)
    request = {"url": publish(server, tmp_path / "source"), "sha": sha, "token": TOKEN, **change}
    request["url"] = request["url"] if "://" in request["url"] else server.url + request["url"]
    error = rig.ask("checkout", **request)["error"]
    assert error["kind"] == kind
    assert TOKEN not in error["message"]
    assert error["message"].endswith((".", "'", "!")) or "git says" in error["message"]


@pytest.mark.parametrize(("failures", "kind"), [(2, None), (99, "clone-network")])
def test_a_server_with_a_problem(
    server: GitServer, rig: Rig, tmp_path: Path, failures: int, kind: str | None
) -> None:
    """A passing failure is outlasted; one that stays is told."""
    sha = make_repository(tmp_path / "source", FILES)
    url = publish(server, tmp_path / "source")
    server.failures = failures
    answer = rig.ask("checkout", url=url, sha=sha, token=TOKEN)
    assert answer.get("error", {}).get("kind") == kind


def test_a_checkout_made_elsewhere(server: GitServer, rig: Rig, tmp_path: Path) -> None:
    """Packed here and unpacked there, a checkout is the same, and so is its snapshot."""
    files = {**FILES, "dir/späßchen": "x", "run.sh": "#!/bin/sh\n"}
    make_repository(tmp_path / "source", files)
    (tmp_path / "source" / "run.sh").chmod(0o755)
    (tmp_path / "source" / "link").symlink_to("dir")
    sha = commit(tmp_path / "source", {})
    url = publish(server, tmp_path / "source")
    rig.ask("checkout", url=url, sha=sha, token=TOKEN)
    status, packed = rig.stream("pack")
    assert status == 0
    there = Rig.install(tmp_path / "there")
    assert there.ask("unpack", packed) == {"files": 5}
    assert git(there.work, "status", "--porcelain") == ""
    assert git(there.work, "rev-parse", "HEAD") == sha
    status, archive = there.stream("collect")
    assert b'"changed": [], "deleted": [], "left_out": []' in archive
