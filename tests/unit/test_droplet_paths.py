"""Names and paths of a hostile tree."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docklet.droplet.home import Home
from docklet.droplet.members import Exactly
from docklet.droplet.pathspec import selecting
from docklet.droplet.snapshot import Entry, parse, read, write
from docklet.droplet.tree import Found, Kind, is_git, open_tree, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = st.binary(min_size=1, max_size=30).filter(lambda name: b"\0" not in name)


@pytest.mark.parametrize(
    "name",
    [
        b".git",
        b".GIT",
        b".Git ",
        b".git.",
        b".git. .",
        b"git~1",
        b"GIT~1",
        b".git::$INDEX",
        b".git:x",
        b".git\\x",
        ".g\u200cit".encode(),
        "\ufeff.git".encode(),
    ],
)
def test_names_that_pass_for_git(name: bytes) -> None:
    """Whatever some file system takes for .git counts as it."""
    assert is_git(name)


@pytest.mark.parametrize(
    "name", [b".gitignore", b".github", b"git", b"x.git", b"git~2", b".gi\xff"]
)
def test_names_that_do_not(name: bytes) -> None:
    """Ordinary names are left alone."""
    assert not is_git(name)


@pytest.mark.parametrize(
    ("specs", "path", "selected"),
    [
        ([], b"any/thing", True),
        (["."], b"any/thing", True),
        (["./"], b"any/thing", True),
        (["dir"], b"dir/file", True),
        (["dir/"], b"dir/file", True),
        (["dir"], b"directory/file", False),
        (["dir//./sub"], b"dir/sub/x", True),
        (["*.png"], b"deep/er/x.png", True),
        (["*.png"], b"x.png.txt", False),
        (["fig*"], b"figures/x.txt", True),
        (["out/[ab].txt"], b"out/b.txt", True),
        (["out/[ab].txt"], b"out/c.txt", False),
        (["data[1].csv"], b"data[1].csv", True),
        (["a", "b"], b"b", True),
        (["caf\udce9"], b"caf\xe9", True),
        (["*"], b"new\nline", True),
    ],
)
def test_pathspecs(specs: list[str], path: bytes, *, selected: bool) -> None:
    """Paths are selected as git's plain pathspecs would."""
    assert selecting(specs)(path) is selected


@given(st.dictionaries(NAMES, st.tuples(*[st.integers(0, 2**63)] * 4)))
def test_snapshots(
    tmp_path_factory: pytest.TempPathFactory, stamps: dict[bytes, tuple[int, int, int, int]]
) -> None:
    """What is written is what is read, for names of any bytes."""
    home = Home(str(tmp_path_factory.mktemp("home")))
    entries = {name: Entry("100644", "0" * 40, stamp) for name, stamp in stamps.items()}
    write(home, entries)
    assert read(home) == entries
    assert dict(parse([])) == {}


def test_walking_follows_nothing(tmp_path: Path) -> None:
    """Links are told as links, loops included, and directories are entered in order."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "up").symlink_to("..")
    (tmp_path / "a").write_text("a")
    (tmp_path / "skipped").mkdir()
    (tmp_path / "skipped" / "x").write_text("x")
    os.mkfifo(tmp_path / "fifo")
    root = open_tree(str(tmp_path))
    found: list[Found] = list(walk(root, lambda path, _: path != b"skipped"))
    os.close(root)
    assert [(one.path, one.kind) for one in found] == [
        (b"a", Kind.FILE),
        (b"b/up", Kind.LINK),
        (b"fifo", Kind.ODD),
    ]


@pytest.mark.parametrize("announced", [0, 3, 5, 9])
def test_files_keep_their_announced_size(tmp_path: Path, announced: int) -> None:
    """A file that shrank is padded with zeros and that is known, one that grew is cut."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    with Exactly(os.open(path, os.O_RDONLY), announced) as exactly:
        content = exactly.read(4) + exactly.read(100)
    assert content == b"12345".ljust(announced, b"\0")[:announced]
    assert bool(exactly.trouble) == (announced > len(b"12345"))


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[Path]:
    """Provide a folder, and no right to overlook what its modes forbid."""
    folder = tmp_path / "tree"
    folder.mkdir(mode=0o755)
    yield folder
    os.seteuid(os.getuid())


@pytest.mark.parametrize(
    ("mode", "told"), [(0o000, [b"closed"]), (0o444, [b"closed/a", b"closed/b"])]
)
def test_closed_directories(nobody: Path, mode: int, told: list[bytes]) -> None:
    """What can't be looked at is named, never passed over in silence."""
    (nobody / "closed").mkdir()
    for name in ("a", "b"):
        (nobody / "closed" / name).write_text(name)
    (nobody / "closed").chmod(mode)
    root = open_tree(str(nobody))
    if os.geteuid() == 0:
        os.seteuid(65534)
    found = [(one.path, one.kind) for one in walk(root, lambda _path, _directory: True)]
    assert found == [(path, Kind.UNREADABLE) for path in told]
    os.close(root)
