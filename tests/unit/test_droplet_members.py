"""What can't be read while results are packed is left out by name, with nothing in its place."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import Final

import pytest

from docklet.adapters.results.archive import ResultsArchive
from docklet.droplet.changes import Change
from docklet.droplet.members import add
from docklet.droplet.tree import open_tree
from tests.archives import member, write

REGULAR: Final = "100644"
SHORTER = "it became shorter while it was packed"
VANISHED = "it vanished while the results were packed"
BROKEN = "it could not be read (Input/output error)"
UNREADABLE = Change(b"mem", REGULAR, 3 << 20)
"""Of a process's own memory the first pages can't be read."""


def packed(folder: Path, tree: str, prefix: str, change: Change) -> Path:
    """Return an archive with one result between two good ones."""
    packed_at = folder / "packed.tar"
    with tarfile.open(packed_at, "w", format=tarfile.PAX_FORMAT) as archive:
        root = open_tree(tree)
        add(archive, root, prefix, change)
        os.close(root)
    with tarfile.open(packed_at) as archive:
        made = [(one, _content(archive, one)) for one in archive]
    path = change.path.decode()
    manifest = {
        "changed": [{"path": "a"}, {"path": "z"}, *[{"path": path}] * (prefix == "files/")],
        "deleted": [],
        "left_out": [{"path": path, "reason": "x", "archived": True}] * (prefix != "files/"),
        "ignored": 0,
    }
    ends = member("a", b"first"), member("z", b"last")
    return write(folder / "results.tar", manifest, [ends[0], *made, ends[1]])


def _content(archive: tarfile.TarFile, one: tarfile.TarInfo) -> bytes:
    """Return what a member holds."""
    file = archive.extractfile(one)
    return file.read() if file else b""


@pytest.mark.parametrize("prefix", ["files/", "left-out/"])
@pytest.mark.parametrize(
    ("tree", "change", "reason"),
    [
        ("", Change(b"short", REGULAR, 3 << 20), SHORTER),
        ("", Change(b"gone", REGULAR, 5), VANISHED),
        ("", Change(b"no-link", "120000", 5), VANISHED),
        ("", Change(b"no/where", REGULAR, 5), VANISHED),
        ("", Change(b"link", REGULAR, 5), "it could not be read (Too many levels of symbol"),
        ("", Change(b"pipe", REGULAR, 5), "it could not be read (not a regular file any more)"),
        (f"/proc/{os.getpid()}", UNREADABLE, BROKEN),
    ],
    ids=lambda value: value.path.decode() if isinstance(value, Change) else "",
)
def test_left_out_by_name(
    tmp_path: Path, tree: str, change: Change, reason: str, prefix: str
) -> None:
    """The rest arrives, and what could not be read to its end is named with the reason."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "short").write_bytes(b"x" * 1000)
    (work / "link").symlink_to("short")
    os.mkfifo(work / "pipe")
    with packed(tmp_path, tree or str(work), prefix, change).open("rb") as stream:
        found = ResultsArchive(stream)
        files = {file.path: b"".join(file.content) for file in found.files()}
    assert files == {b"a": b"first", b"z": b"last"}
    (left_out,) = found.left_out
    assert left_out.path == change.path.decode()
    assert left_out.reason.startswith(reason)
    assert left_out.lost
    assert not left_out.archived


@pytest.mark.parametrize("size", [0, 1000, 600])
def test_what_can_be_read_arrives(tmp_path: Path, size: int) -> None:
    """A file that has grown since is sent as long as it was announced."""
    (tmp_path / "short").write_bytes(b"x" * 1000)
    change = Change(b"short", REGULAR, size)
    with packed(tmp_path, str(tmp_path), "files/", change).open("rb") as stream:
        found = ResultsArchive(stream)
        files = {file.path: b"".join(file.content) for file in found.files()}
    assert files[b"short"] == b"x" * size
    assert found.left_out == ()


def test_no_word_about_strangers(tmp_path: Path) -> None:
    """A machine can't have us speak of files that it never announced."""
    note = tarfile.TarInfo("unread/files/other")
    note.size = 3
    manifest = {"changed": [{"path": "a"}], "deleted": [], "left_out": [], "ignored": 0}
    archive = write(tmp_path / "a.tar", manifest, [member("a", b"1"), (note, b"why")])
    with archive.open("rb") as stream:
        found = ResultsArchive(stream)
        assert [file.path for file in found.files()] == [b"a"]
    assert found.left_out == ()
