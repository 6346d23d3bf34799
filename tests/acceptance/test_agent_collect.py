"""The agent collects what a script changed, also when the script was up to no good."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.agent_rig import Rig, commit, git, make_repository
from tools.many_files import make_files

MANY = 30_000
FILES = {
    "README.md": "read me\n",
    "knit.R": "knit\n",
    "data/one.csv": "1\n",
    "data/two.csv": "2\n",
    "cache/kept.txt": "committed although ignored\n",
    ".github/workflows/ci.yml": "on: push\n",
    ".gitignore": "cache/\n*.tmp\n!important.tmp\nbuild/\n",
}


@dataclass(frozen=True)
class Collected:
    """A results archive, taken apart."""

    manifest: dict[str, Any]
    members: dict[str, bytes | str]
    """Contents of files, targets of links."""

    @property
    def changed(self) -> list[str]:
        """Paths that may be committed."""
        return [one["path"] for one in self.manifest["changed"]]

    @property
    def left_out(self) -> dict[str, str]:
        """Reasons by path."""
        return {one["path"]: one["reason"] for one in self.manifest["left_out"]}


def collect(rig: Rig, **request: object) -> Collected:
    """Collect, and read the archive."""
    status, out = rig.stream("collect", **request)
    assert status == 0
    members: dict[str, bytes | str] = {}
    with tarfile.open(fileobj=BytesIO(out), errors="surrogateescape") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            members[member.name] = file.read() if file else member.linkname
    names = list(members)
    assert names[0] == "manifest.json"
    manifest = json.loads(members.pop("manifest.json"))
    return Collected(manifest, members)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Provide an agent with a checkout."""
    sha = make_repository(tmp_path / "source", {"README.md": ""})
    for name, content in FILES.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "source" / "link").symlink_to("README.md")
    git(tmp_path / "source", "add", "--all", "--force")
    sha = commit(tmp_path / "source", {})
    rig = Rig.install(tmp_path / "run")
    answer = rig.ask("checkout", url=f"file://{tmp_path}/source", sha=sha)
    assert answer == {"head": sha, "files": len(FILES) + 1}
    return rig


def test_nothing_changed(rig: Rig) -> None:
    """A tree as it was gives an empty archive, also after files were touched or replaced."""
    (rig.work / "README.md").touch()
    shutil.copy(rig.work / "knit.R", rig.work / "copy")
    (rig.work / "copy").replace(rig.work / "knit.R")
    (rig.work / "link").unlink()
    (rig.work / "link").symlink_to("README.md")
    collected = collect(rig, paths=["."])
    assert collected.manifest == {
        "changed": [],
        "deleted": [],
        "left_out": [],
        "ignored": 0,
        "ignore_evaluated": True,
    }


def test_changes_of_every_kind(rig: Rig) -> None:
    """New, changed, retyped and deleted paths are told apart and come with their contents."""
    (rig.work / "README.md").write_text("read me!\n")
    os.utime(rig.work / "README.md", ns=(0, 0))
    (rig.work / "knit.R").chmod(0o755)
    (rig.work / "data/one.csv").unlink()
    shutil.rmtree(rig.work / "cache")
    (rig.work / "data/two.csv").unlink()
    (rig.work / "data/two.csv").mkdir()
    (rig.work / "data/two.csv/part").write_text("part")
    (rig.work / "link").unlink()
    (rig.work / "link").symlink_to("/etc/passwd")
    (rig.work / "figure/deep").mkdir(parents=True)
    (rig.work / "figure/deep/plot.png").write_bytes(b"\x89PNG\0")
    collected = collect(rig)
    assert collected.manifest["changed"] == [
        {"path": "README.md", "mode": "100644", "size": 9},
        {"path": "data/two.csv/part", "mode": "100644", "size": 4},
        {"path": "figure/deep/plot.png", "mode": "100644", "size": 5},
        {"path": "knit.R", "mode": "100755", "size": 5},
        {"path": "link", "mode": "120000", "size": 11},
    ]
    assert sorted(collected.manifest["deleted"]) == [
        "cache/kept.txt",
        "data/one.csv",
        "data/two.csv",
    ]
    assert collected.members == {
        "files/README.md": b"read me!\n",
        "files/data/two.csv/part": b"part",
        "files/figure/deep/plot.png": b"\x89PNG\0",
        "files/knit.R": b"knit\n",
        "files/link": "/etc/passwd",
    }


def test_ignored_paths(rig: Rig) -> None:
    """New paths that are ignored are counted; tracked ones are compared all the same."""
    (rig.work / "cache/kept.txt").write_text("changed")
    (rig.work / "cache/new.txt").write_text("ignored")
    (rig.work / "x.tmp").write_text("ignored")
    (rig.work / "important.tmp").write_text("important")
    (rig.work / "build/deep").mkdir(parents=True)
    (rig.work / "build/deep/file").write_text("ignored with its directory")
    (rig.work / "new").mkdir()
    (rig.work / "new/.gitignore").write_text("secret\n!x.tmp\n")
    (rig.work / "new/secret").write_text("ignored")
    (rig.work / "new/x.tmp").write_text("important here")
    collected = collect(rig)
    assert collected.changed == ["cache/kept.txt", "important.tmp", "new/.gitignore", "new/x.tmp"]
    assert collected.manifest["ignored"] == 4


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["."], ["data/new.csv", "out/a.png", "out/b.txt", "top.png"]),
        (["out"], ["out/a.png", "out/b.txt"]),
        (["./out/", "data"], ["data/new.csv", "out/a.png", "out/b.txt"]),
        (["*.png"], ["out/a.png", "top.png"]),
        (["out/*.txt"], ["out/b.txt"]),
        (["ou"], []),
    ],
)
def test_paths_select(rig: Rig, paths: list[str], expected: list[str]) -> None:
    """Only what the run's paths select is collected."""
    (rig.work / "out").mkdir()
    for name in ("data/new.csv", "out/a.png", "out/b.txt", "top.png"):
        (rig.work / name).write_text(name)
    assert collect(rig, paths=paths).changed == expected


def test_what_github_would_refuse(rig: Rig) -> None:
    """Large files and workflows are left out by name, but the archive has them."""
    (rig.work / ".github/workflows/ci.yml").write_text("on: pull_request_target\n")
    (rig.work / ".github/workflows/new.yml").write_text("on: issues\n")
    (rig.work / "large").write_bytes(b"x" * 1001)
    (rig.work / "fits").write_bytes(b"x" * 1000)
    collected = collect(rig, max_file=1000)
    assert collected.changed == ["fits"]
    assert set(collected.members) == {
        "files/fits",
        "left-out/large",
        "left-out/.github/workflows/ci.yml",
        "left-out/.github/workflows/new.yml",
    }
    assert "workflow" in collected.left_out[".github/workflows/ci.yml"]
    assert "1000 bytes" in collected.left_out["large"]


def test_files_for_lfs(rig: Rig) -> None:
    """What the attributes there give to LFS has a limit of its own; the rest decides elsewhere."""
    (rig.work / ".gitattributes").write_text("*.bin filter=lfs\n")
    for name, size in {"fits.bin": 2000, "large.bin": 2001, "small.bin": 9, "other": 1001}.items():
        (rig.work / name).write_bytes(b"x" * size)
    collected = collect(rig, max_file=1000, max_large=2000)
    assert collected.changed == [".gitattributes", "fits.bin", "small.bin"]
    assert collected.members["files/fits.bin"] == b"x" * 2000
    assert list(collected.left_out) == ["large.bin", "other"]
    assert "2000 bytes" in collected.left_out["large.bin"]


def test_odd_files(rig: Rig) -> None:
    """What isn't a file or a link is left out; nothing waits for it or follows it."""
    os.mkfifo(rig.work / "fifo")
    os.mkfifo(rig.work / "data/.gitignore")
    (rig.work / "README.md").unlink()
    os.mkfifo(rig.work / "README.md")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(rig.work / "socket"))
    os.mknod(rig.work / "device", 0o20600, os.makedev(1, 5))
    (rig.work / "loop").symlink_to(".")
    (rig.work / "etc").symlink_to("/etc")
    collected = collect(rig)
    odd = ["README.md", "data/.gitignore", "device", "fifo", "socket"]
    assert sorted(collected.left_out) == odd
    assert collected.manifest["deleted"] == []
    assert collected.members == {"files/etc": "/etc", "files/loop": "."}


def test_a_directory_that_became_a_link(rig: Rig) -> None:
    """Files behind a planted link are not read; the tracked ones count as deleted."""
    shutil.rmtree(rig.work / "data")
    (rig.work / "data").symlink_to("/etc")
    collected = collect(rig)
    assert collected.changed == ["data"]
    assert sorted(collected.manifest["deleted"]) == ["data/one.csv", "data/two.csv"]
    assert collected.members == {"files/data": "/etc"}


def test_repositories_inside(rig: Rig) -> None:
    """A clone's own .git is left out, in any spelling; the files beside it are results."""
    for name in ("clone/.git", "clone/.GIT", "clone/git~1", "clone/.git . ", "a/.g\u200cit"):
        (rig.work / name).mkdir(parents=True)
        (rig.work / name / "config").write_text("[core]\n\tfsmonitor = touch /tmp/owned\n")
    (rig.work / "clone/file").write_text("result")
    collected = collect(rig)
    assert collected.changed == ["clone/file"]
    assert len(collected.left_out) == 5
    assert all(".git" in reason for reason in collected.left_out.values())


def test_names_of_any_bytes(rig: Rig) -> None:
    """Whatever Linux allows as a name arrives unchanged."""
    names = [b"-rf", b"a\nb", b"caf\xe9", b"\xff\xfe", "ü".encode(), b'"quoted"', b" ", b"x" * 255]
    names += [b":!x", b":(attr:y)z", b"\\", b"*", b"README.MD", b"#", b"!"]
    for name in names:
        (rig.work / os.fsdecode(name)).write_bytes(name)
    collected = collect(rig)
    told = [path.encode("utf-8", "surrogateescape") for path in collected.changed]
    assert told == sorted(names)
    contents = {
        name.encode("utf-8", "surrogateescape"): content
        for name, content in collected.members.items()
    }
    assert contents == {b"files/" + name: name for name in names}


def test_a_hostile_git_directory(rig: Rig) -> None:
    """The tree's own .git is never asked: what it would run is not run."""
    owned = rig.home / "owned"
    git(rig.work, "config", "core.fsmonitor", f"touch {owned}")
    git(rig.work, "config", "core.excludesFile", str(rig.work / "all"))
    (rig.work / "all").write_text("*\n")
    (rig.work / ".git" / "info").mkdir(exist_ok=True)
    (rig.work / ".git/info/exclude").write_text("*\n")
    (rig.work / "result").write_text("x")
    assert collect(rig).changed == ["all", "result"]
    shutil.rmtree(rig.work / ".git")
    assert collect(rig).changed == ["all", "result"]
    assert not owned.exists()


def test_very_deep_directories(rig: Rig) -> None:
    """There is an end to depth, and it is told."""
    directory = os.open(rig.work, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=directory)
        below = os.open("d", os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = below
    os.close(directory)
    collected = collect(rig)
    assert list(collected.left_out.values()) == ["too many directories deep"]
    subprocess.run(("rm", "-r", str(rig.work / "d")), check=True)


def test_paths_that_nobody_can_open(rig: Rig) -> None:
    """A path longer than Linux takes is left out by name, at the price of no other."""
    directory = os.open(rig.work, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=directory)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = below
    for name in ("file", ".gitignore"):
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=directory))
    os.close(directory)
    (rig.work / "other").write_text("x")
    collected = collect(rig)
    assert collected.changed == ["other"]
    assert set(collected.left_out.values()) == {"its path has 4096 bytes or more"}
    assert len(collected.members) == 3
    subprocess.run(("rm", "-r", str(rig.work / ("d" * 250))), check=True)


def test_what_surrounds_a_file(rig: Rig) -> None:
    """Holes, second names, attributes and set-id bits leave no trace but the content."""
    (rig.work / "hole").write_bytes(b"")
    os.truncate(rig.work / "hole", 1_000_000)
    os.link(rig.work / "hole", rig.work / "again")
    (rig.work / "setuid").write_text("x")
    (rig.work / "setuid").chmod(0o6711)
    for number in range(3):
        os.setxattr(rig.work / "setuid", f"user.{number}", b"x" * 1000)
    assert collect(rig).manifest["changed"] == [
        {"path": "again", "mode": "100644", "size": 1_000_000},
        {"path": "hole", "mode": "100644", "size": 1_000_000},
        {"path": "setuid", "mode": "100755", "size": 1},
    ]


def test_more_than_there_is_room_for(rig: Rig) -> None:
    """Terabytes of holes are neither sent nor waited for where there is no room for them."""
    (rig.work / "hole").touch()
    os.truncate(rig.work / "hole", 10**12)
    (rig.work / "small").write_text("x")
    collected = collect(rig, room=100_000)
    assert collected.members == {"files/small": b"x"}
    assert "room for 0.0 GB" in collected.left_out["hole"]
    assert collected.manifest["left_out"][0]["lost"] is True


def test_submodules(tmp_path: Path) -> None:
    """What a script changes inside a submodule is left out, but not lost."""
    make_repository(tmp_path / "inner", {"inner.txt": "inner", "other.txt": "other"})
    make_repository(tmp_path / "source", {"x": "x"})
    git(tmp_path / "source", "submodule", "--quiet", "add", str(tmp_path / "inner"), "sub")
    git(tmp_path / "source", "config", "--file", ".gitmodules", "submodule.sub.url", "../inner")
    sha = commit(tmp_path / "source", {})
    rig = Rig.install(tmp_path / "run")
    rig.ask("checkout", url=f"file://{tmp_path}/source", sha=sha, submodules="true")
    assert collect(rig).manifest["changed"] == []
    (rig.work / "sub/inner.txt").write_text("changed")
    (rig.work / "sub/new.txt").write_text("new")
    (rig.work / "sub/other.txt").unlink()
    (rig.work / "x").write_text("changed")
    collected = collect(rig)
    assert collected.changed == ["x"]
    assert sorted(collected.left_out) == ["sub/inner.txt", "sub/new.txt", "sub/other.txt"]
    assert collected.members["left-out/sub/inner.txt"] == b"changed"
    assert collected.manifest["deleted"] == []


def test_line_ends_and_encodings(tmp_path: Path) -> None:
    """Files that a checkout converts do not count as changed when they are only touched."""
    make_repository(
        tmp_path / "source", {".gitattributes": "* text eol=crlf\n", "a.txt": "a\nb\n"}
    )
    sha = git(tmp_path / "source", "rev-parse", "HEAD")
    rig = Rig.install(tmp_path / "run")
    rig.ask("checkout", url=f"file://{tmp_path}/source", sha=sha)
    assert (rig.work / "a.txt").read_bytes() == b"a\r\nb\r\n"
    (rig.work / "a.txt").touch()
    assert collect(rig).changed == []


def test_a_machine_without_git(rig: Rig, tmp_path: Path) -> None:
    """Without git nothing counts as ignored, and the manifest says that nobody looked."""
    (rig.work / "x.tmp").write_text("x")
    bare = Rig(rig.home, {**rig.environment, "PATH": str(tmp_path)})
    collected = collect(bare)
    assert collected.changed == ["x.tmp"]
    assert collected.manifest["ignore_evaluated"] is False


def test_collecting_takes_little_memory(rig: Rig) -> None:
    """A result of 300 MB is streamed, not held."""
    with (rig.work / "large").open("wb") as file:
        file.truncate(300_000_000)
    total, peak = cost(rig, max_file=1_000_000_000)
    assert total > 300_000_000
    assert 0 < peak < 80_000


def test_many_files_take_little_memory(rig: Rig) -> None:
    """Each file costs some dozen bytes, so a million of them fit on the smallest droplet."""
    (rig.work / "last").touch()
    os.truncate(rig.work / "last", 10_000_000)
    _, before = cost(rig)
    assert before
    make_files(rig.work, MANY)
    _, peak = cost(rig)
    assert (peak - before) * 1024 < MANY * 130


def cost(rig: Rig, **request: object) -> tuple[int, int]:
    """Collect, and return the archive's bytes and the most memory that it took, in KiB."""
    process = rig.popen("collect", **request)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    total = peak = 0
    while piece := process.stdout.read(1 << 20):
        total += len(piece)
        peak = max(peak, high_water(process.pid))
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()
    assert process.wait() == 0
    return total, peak


def high_water(pid: int) -> int:
    """Return the most memory that a process has had, in KiB; 0 once it has ended.

    What `wait4` tells counts the parent's memory too, which a child has until it is another
    program.
    """
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) if found else 0
