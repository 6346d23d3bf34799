"""Results that belong into Git LFS: pointers, uploads, and what becomes of those that fail."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from docklet.adapters.git.lfs import Kept, LargeFiles
from docklet.adapters.git.lfs_paths import attribute_files, attributes_above
from docklet.adapters.results import archive as archives
from docklet.adapters.results.archive import ResultFile, ResultsArchive
from docklet.domain.outcome import Reason
from docklet.domain.spec import Push
from docklet.pipeline.run import run
from tests.archives import Link, make_archive
from tests.builders import SHA, make_plan
from tests.worlds import make_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worlds import FakeWorld

OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n".encode()
RESULT = "inst/examples/example.md"


def test_pointer() -> None:
    """A pointer is worded as the specification has it, to the byte."""
    assert Kept(oid=OID, size=12345).pointer == POINTER


@pytest.mark.parametrize(
    ("content", "stays"),
    [
        (POINTER, True),
        (POINTER.rstrip(b"\n"), True),
        (POINTER.replace(b"oid", b"ext-0-x sha256:1\noid"), True),
        (b"", True),
        (POINTER + b"more", False),
        (POINTER.replace(b"spec/v1", b"spec/v9"), False),
        (POINTER.replace(b"12345", b"many"), False),
        (POINTER.upper(), False),
        (POINTER + b" " * 1000, False),
        (b"weights", False),
    ],
)
def test_what_becomes_a_pointer(tmp_path: Path, content: bytes, *, stays: bool) -> None:
    """Pointers and empty files stay; all other bytes are kept under the name of their digest."""
    pieces = iter([content[:5], content[5:]])
    file = ResultFile(path=b"a", mode="100644", size=len(content), content=pieces, large=True)
    kept: dict[bytes, str] = {}
    (made,) = LargeFiles(tmp_path).with_pointers([file], kept)
    text = b"".join(made.content)
    assert made.size == len(text)
    if stays:
        assert (text, kept) == (content, {})
        return
    oid = hashlib.sha256(content).hexdigest()
    assert (text, kept) == (Kept(oid=oid, size=len(content)).pointer, {b"a": oid})
    place = tmp_path / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    assert place.read_bytes() == content
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [place]


def test_attribute_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ordinary attribute files count, however much else there is; links and giants don't."""
    monkeypatch.setattr(archives, "MAX_TOTAL", 10)
    files: dict[str, bytes | Link] = {
        "big.bin": b"x" * 1000,
        ".gitattributes": b"*.bin filter=lfs\n",
        "a/.gitattributes": Link("../other"),
        "b/.gitattributes": b"#" * (1024**2 + 1),
        "c/not.gitattributes": b"",
    }
    with make_archive(tmp_path / "a.tar", files).open("rb") as stream:
        found = [file.path for file in attribute_files(ResultsArchive(stream))]
    assert found == [b".gitattributes"]


def test_attributes_above() -> None:
    """Of a commit's attribute files those of the directories above are asked, links never."""
    names = (b".gitattributes", b"a/.gitattributes", b"a/b/.gitattributes", b"c/.gitattributes")
    tree = dict.fromkeys(names, ("100644", "1" * 40)) | {names[2]: ("120000", "2" * 40)}
    found = attributes_above([b"a/b/file", b"a/b/c/d", b"top"], tree)
    assert [change.path for change in found] == [b".gitattributes", b"a/.gitattributes"]


def test_large_files_have_a_limit_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes to LFS may be larger than other files, and counts for no push."""
    for name, most in (("MAX_FILE", 10), ("MAX_TOTAL", 15), ("MAX_LARGE", 30)):
        monkeypatch.setattr(archives, name, most)
    sizes = {"large": 30, "too-large": 31, "small": 10, "big": 11, ".git/large": 1}
    files = {name: b"x" * size for name, size in sizes.items()}
    with make_archive(tmp_path / "a.tar", files).open("rb") as stream:
        archive = ResultsArchive(stream)
        found = [file.path for file in archive.files({b"large", b"too-large", b".git/large"})]
    assert found == [b"large", b"small"]
    assert [one.path for one in archive.left_out] == ["too-large", "big", ".git/large"]
    assert "Git LFS" in archive.left_out[0].reason


@pytest.fixture
def world(tmp_path: Path) -> FakeWorld:
    """Return a world whose repository gives `*.bin` to LFS, and whose script makes one."""
    made = make_world(tmp_path)
    rules = made.repository.store(b"*.bin filter=lfs\n")
    made.repository.commits[SHA].tree[b".gitattributes"] = ("100644", rules)
    made.produce({"model.bin": b"weights", RESULT: b"# Results\n"})
    return made


async def test_upload_before_the_push(world: FakeWorld) -> None:
    """The file is in LFS before anybody can see its pointer."""
    outcome = await run(make_plan(), world)
    assert outcome.reason is Reason.DONE
    assert list(world.repository.objects.values()) == [b"weights"]
    assert (world.repository.show("model.bin") or b"").startswith(b"version https://git-lfs")
    calls = world.git.calls
    assert calls.index("upload") < calls.index("commit") < calls.index("push")


async def test_refused_upload(world: FakeWorld) -> None:
    """What LFS does not take is named and stays in the archive, and the rest is pushed."""
    world.repository.over_quota = "Git LFS did not take it: over its quota"
    outcome = await run(make_plan(), world)
    assert outcome.reason is Reason.PARTLY_PUSHED
    assert world.repository.show(RESULT) == b"# Results\n"
    assert world.repository.show("model.bin") is None
    assert outcome.published
    (left_out,) = outcome.published.left_out
    assert (left_out.path, left_out.archived) == ("model.bin", True)
    assert "over its quota" in left_out.reason
    assert outcome.published.archive


async def test_refused_upload_of_the_only_result(world: FakeWorld) -> None:
    """Where nothing is left to be pushed nothing is, and the archive says so."""
    world.produce({"model.bin": b"weights"})
    world.repository.over_quota = "No."
    outcome = await run(make_plan(), world)
    assert outcome.reason is Reason.PARTLY_PUSHED
    assert "push" not in world.git.calls
    assert outcome.published
    assert outcome.published.archive


async def test_no_upload_where_nothing_is_pushed(world: FakeWorld) -> None:
    """A run that pushes nothing spends nobody's quota."""
    plan = make_plan()
    outcome = await run(replace(plan, spec=replace(plan.spec, push=Push.NONE)), world)
    assert outcome.reason is Reason.DONE
    assert "upload" not in world.git.calls
