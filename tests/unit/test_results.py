"""A results archive is data: what can't be committed is left out by name, nothing is believed."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docklet.adapters.git.objects import without_conflicts
from docklet.adapters.results import archive as results
from docklet.adapters.results import manifest as manifests
from docklet.adapters.results.archive import ResultsArchive
from docklet.adapters.results.names import link_objection, objection
from docklet.domain.errors import AgentError, GitError
from docklet.domain.outcome import Reason
from docklet.ports import Change
from tests.archives import Link, make_archive, member, write

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.domain.outcome import LeftOut

FILES = {"a.txt": b"1\r\n", "d/b": b"", "d/\udcff \n.bin": bytes(range(256)) * 9}
SPECIAL = {
    "hard link": tarfile.LNKTYPE,
    "FIFO": tarfile.FIFOTYPE,
    "device": tarfile.CHRTYPE,
    "directory": tarfile.DIRTYPE,
    "sparse file": tarfile.GNUTYPE_SPARSE,
    "long name of another dialect": tarfile.GNUTYPE_LONGNAME,
}


def read(archive: Path) -> tuple[dict[bytes, tuple[str, bytes]], list[LeftOut]]:
    """Return what may be committed, and what was left out."""
    with archive.open("rb") as stream:
        found = ResultsArchive(stream)
        files = {file.path: (file.mode, b"".join(file.content)) for file in found.files()}
    return files, [*found.left_out]


def test_every_byte_arrives(tmp_path: Path) -> None:
    """Contents and names arrive as they are, executable bits and links too."""
    files: dict[str, bytes | Link] = {
        **FILES,
        "run.sh": b"#!/bin/sh\n",
        "latest": Link("d/b"),
        "x" * 150: b"long name",
    }
    kept, left_out = read(make_archive(tmp_path / "a.tar", files, executable={"run.sh"}))
    assert kept.pop(b"run.sh") == ("100755", b"#!/bin/sh\n")
    assert kept.pop(b"latest") == ("120000", b"d/b")
    assert kept.pop(b"x" * 150) == ("100644", b"long name")
    assert kept == {
        name.encode("utf-8", "surrogateescape"): ("100644", content)
        for name, content in FILES.items()
    }
    assert left_out == []


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../out",
        "a/../../out",
        "a//b",
        "./a",
        "a/.",
        "",
        ".git/config",
        "sub/.GIT/hooks/post-checkout",
        ".git",
        "git~1/config",
        "GIT~1",
        ".git /config",
        ".git./config",
        ".git::$INDEX_ALLOCATION/config",
        ".g\u200cit/config",
        "\ufeff.git/config",
        ".git\udcff/config",
        "a\\.git\\config",
        ".github/workflows/ci.yml",
        ".github/workflows",
        "a" * 5000,
    ],
)
def test_name_that_no_commit_may_have(tmp_path: Path, name: str) -> None:
    """A name that leads out, passes for `.git` or is a workflow costs nothing but its file."""
    kept, left_out = read(make_archive(tmp_path / "a.tar", {name: b"x", "good": b"y"}))
    assert list(kept) == [b"good"]
    assert len(left_out) == 1
    assert left_out[0].reason


@pytest.mark.parametrize(
    "name", [".gitignore", ".gitmodules", "git", ".github/dependabot.yml", "a.git", "-rf", "a b"]
)
def test_name_that_only_looks_odd(name: str) -> None:
    """Ordinary files with `git` in their names are results like all others."""
    assert objection(name.encode()) == ""


@pytest.mark.parametrize("name", [".gitmodules", "d/.GITMODULES", "gitmod~1", "GI7EBA~1"])
def test_link_that_passes_for_gitmodules(name: str) -> None:
    """A symbolic link of that name is refused by git, so it never gets to see one."""
    assert objection(name.encode(), is_link=True)


@pytest.mark.parametrize(
    ("path", "target", "inside"),
    [
        ("a", "b", True),
        ("d/e/a", "../../b", True),
        ("d/a", "./../b/c", True),
        ("a", "", False),
        ("a", "/etc/passwd", False),
        ("a", "..", False),
        ("d/a", "../../b", False),
        ("d/a", "b/../../../c", False),
        ("p/q/a", "x/..", False),
        ("a", ".git/config", False),
        ("a", "b\0c", False),
    ],
)
def test_link_targets(path: str, target: str, inside: bool) -> None:  # noqa: FBT001
    """A link may point to what is in the repository, by a way that no other link can bend."""
    assert (link_objection(path.encode(), target.encode()) == "") is inside


@pytest.mark.parametrize("kind", SPECIAL.values(), ids=SPECIAL.keys())
def test_neither_file_nor_link(tmp_path: Path, kind: bytes) -> None:
    """Whatever is neither a regular file nor a link is left out, and the rest is not."""
    odd, _ = member("odd", b"")
    odd.type, odd.linkname = kind, "/etc/shadow"
    manifest = {"changed": [{"path": "odd"}, {"path": "good"}], "deleted": [], "left_out": []}
    archive = write(
        tmp_path / "a.tar", {**manifest, "ignored": 0}, [(odd, b""), member("good", b"y")]
    )
    kept, left_out = read(archive)
    assert list(kept) == [b"good"]
    assert {one.path.rstrip("/") for one in left_out} == {"odd"}


def test_file_larger_than_the_forge_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files above the limits are left out one by one, never at the price of the rest."""
    monkeypatch.setattr(results, "MAX_FILE", 10)
    monkeypatch.setattr(results, "MAX_TOTAL", 15)
    files = {"big": b"x" * 11, "one": b"x" * 10, "two": b"x" * 6, "three": b"x" * 5}
    kept, left_out = read(make_archive(tmp_path / "a.tar", files))
    assert list(kept) == [b"one", b"three"]
    assert [one.path for one in left_out] == ["big", "two"]


def test_liar(tmp_path: Path) -> None:
    """What was not announced is not committed, and what did not come is named."""
    archive = make_archive(tmp_path / "a.tar", {"sent": b"x"}, announced=["announced"])
    kept, left_out = read(archive)
    assert kept == {}
    assert {one.path for one in left_out} == {"sent", "announced"}


def test_first_of_two_with_one_name(tmp_path: Path) -> None:
    """A second file of the same name changes nothing."""
    manifest = {"changed": [{"path": "a"}], "deleted": [], "left_out": [], "ignored": 0}
    kept, left_out = read(
        write(tmp_path / "a.tar", manifest, [member("a", b"1"), member("a", b"2")])
    )
    assert kept == {b"a": ("100644", b"1")}
    assert left_out == []


def test_what_the_machine_left_out(tmp_path: Path) -> None:
    """The machine's own notes arrive as plain short text, and its spare copies are skipped."""
    extra = tarfile.TarInfo("left-out/huge")
    extra.size = 3000
    manifest = {
        "changed": [],
        "deleted": ["gone", ".github/workflows/ci.yml", "../x"],
        "left_out": [
            {"path": "huge\n\udcff", "reason": "it is\x1b[31m too large" * 99},
            {"path": "gone", "reason": "there is no room", "archived": False, "lost": True},
        ],
        "ignored": 7,
    }
    archive = write(tmp_path / "a.tar", manifest, [(extra, b"x" * 3000)])
    with archive.open("rb") as stream:
        found = ResultsArchive(stream)
        assert list(found.files()) == []
    assert found.manifest.deleted == (b"gone",)
    assert found.manifest.ignored == 7
    assert [one.path for one in found.left_out] == [
        "huge\\n\\xff",
        "gone",
        ".github/workflows/ci.yml",
        "../x",
    ]
    assert [one.path for one in found.left_out if one.lost] == ["gone"]
    assert all(one.reason.isprintable() and len(one.reason) <= 200 for one in found.left_out)


def test_file_and_directory_of_one_name() -> None:
    """A name can't be both; what is in the directory stays. Case makes two names of one."""
    paths = (b"a", b"a/b", b"A", b"c")
    added = [Change(path=path, mode="100644", blob="1" * 40) for path in paths]
    kept, left_out = without_conflicts(added, [b"z"])
    assert [change.path for change in kept] == [b"z", b"a/b", b"A", b"c"]
    assert [one.path for one in left_out] == ["a"]


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"changed": [1], "deleted": [], "left_out": [], "ignored": 0}',
        b'{"changed": [{"path": 1}], "deleted": [], "left_out": [], "ignored": 0}',
        b'{"changed": [{"path": "\\ud800"}], "deleted": [], "left_out": [], "ignored": 0}',
        b'{"changed": [], "deleted": 5, "left_out": [], "ignored": 0}',
        b'{"changed": [], "deleted": [], "left_out": [{}], "ignored": 0}',
        b'{"changed": [], "deleted": [], "left_out": [], "ignored": Infinity}',
    ],
)
def test_manifest_that_is_none(tmp_path: Path, manifest: bytes) -> None:
    """A manifest that can't be understood ends the import with a reason, not with a traceback."""
    with pytest.raises(AgentError) as caught:
        read(write(tmp_path / "a.tar", manifest, []))
    assert caught.value.reason is Reason.NOT_COLLECTED


def test_cut_anywhere(tmp_path: Path) -> None:
    """An archive that ends too early is never taken for a whole one."""
    whole = make_archive(tmp_path / "a.tar", FILES)
    data = whole.read_bytes()
    end = len(data.rstrip(b"\0")) // 512 * 512 + 512
    for size in range(0, end, 256):
        whole.write_bytes(data[:size])
        with pytest.raises(AgentError):
            read(whole)


@pytest.mark.parametrize(
    ("start", "bad"),
    [
        (124, b"77777777777\0"),
        (124, b"-0000000100\0"),
        (124, b"\x80" + b"\xff" * 11),
        (148, b"0000000\0"),
        (156, b"x"),
    ],
)
def test_header_that_lies(tmp_path: Path, start: int, bad: bytes) -> None:
    """Sizes that lead nowhere and broken headers end the import at once."""
    archive = make_archive(tmp_path / "a.tar", {"a": b"x" * 700})
    data = bytearray(archive.read_bytes())
    header = data.index(b"files/a")
    data[header + start : header + start + len(bad)] = bad
    if start != 148:
        total = sum(data[header : header + 148]) + sum(data[header + 156 : header + 512])
        data[header + 148 : header + 156] = b"%06o\0 " % (total + 256)
    archive.write_bytes(data)
    with pytest.raises(AgentError):
        read(archive)


@pytest.mark.parametrize(
    "records", [b"99 path=a\n", b"path=a\n", b"9 path\n", b"0 a=b\n", b"\0" * 600, b"x" * 20_000]
)
def test_extended_header_that_lies(tmp_path: Path, records: bytes) -> None:
    """Extended headers are read within bounds or not at all."""
    extension = tarfile.TarInfo("PaxHeader")
    extension.type, extension.size = tarfile.XHDTYPE, len(records)
    with pytest.raises(AgentError):
        read(
            write(
                tmp_path / "a.tar",
                {"changed": [], "deleted": [], "left_out": [], "ignored": 0},
                [(extension, records), member("a", b"x")],
            )
        )


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    edits=st.lists(st.tuples(st.integers(0, 6000), st.binary(min_size=1, max_size=8)), max_size=6)
)
def test_damage_anywhere(tmp_path: Path, edits: list[tuple[int, bytes]]) -> None:
    """Whatever is damaged, the archive is read or refused, and nothing forbidden gets through."""
    archive = make_archive(tmp_path / "a.tar", FILES, deleted=["z"], left_out={"y": "it is odd"})
    data = bytearray(archive.read_bytes())
    for at, patch in edits:
        data[at : at + len(patch)] = patch
    archive.write_bytes(data)
    try:
        kept, _ = read(archive)
    except AgentError:
        return
    assert not any(map(objection, kept))


def test_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More files than a commit can hold are refused together; the archive stays."""
    monkeypatch.setattr(manifests, "MAX_MEMBERS", 3)
    names = [str(number) for number in range(4)]
    announced = make_archive(tmp_path / "a.tar", dict.fromkeys(names, b""))
    silent = make_archive(tmp_path / "b.tar", dict.fromkeys(names, b""), announced=["0"])
    with announced.open("rb") as stream, pytest.raises(GitError, match="more than 3 files"):
        ResultsArchive(stream)
    with pytest.raises(GitError, match="more than 3 files"):
        read(silent)


def test_manifest_is_capped(tmp_path: Path) -> None:
    """A manifest as large as the memory is not read."""
    first = tarfile.TarInfo("manifest.json")
    first.size = 65 * 1024**2
    archive = tmp_path / "a.tar"
    with archive.open("wb") as file:
        file.write(first.tobuf(tarfile.USTAR_FORMAT))
        file.truncate(first.size + 10_240)
    with pytest.raises(GitError, match="more than a commit can hold"):
        read(archive)


def test_foreign_members(tmp_path: Path) -> None:
    """A member that is neither a result nor left out makes the archive a stranger."""
    stranger = tarfile.TarInfo("else/a")
    text = json.dumps({"changed": [], "deleted": [], "left_out": [], "ignored": 0}).encode()
    with pytest.raises(AgentError, match="nobody knows"):
        read(write(tmp_path / "a.tar", text, [(stranger, b"")]))
