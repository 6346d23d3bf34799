"""Very many results cost little memory, and what is told of them is short and right."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from docklet.adapters.git.changes import ChangeList
from docklet.adapters.git.objects import index_lines, marked
from docklet.adapters.git.stat import MOST_ALIKE, MOST_NAMED, committed
from docklet.adapters.results.archive import ResultsArchive
from docklet.domain.errors import AgentError, GitError
from docklet.domain.left_out import MOST_NAMED as MOST_LEFT_OUT
from docklet.domain.left_out import LeftOuts, count
from docklet.domain.outcome import FileChange, LeftOut, Others
from docklet.droplet.changes import Change as Changed
from docklet.droplet.changes import Changes
from docklet.droplet.changes import LeftOut as NotSent
from docklet.droplet.manifest import parts
from docklet.droplet.spool import Spool
from docklet.ports import Change
from tests.archives import member, write_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANY = 30_000
BLOBS = [f"{number:040x}" for number in range(3)]
SAMPLE = [
    Change(path=b"gone", mode="000000", blob=""),
    Change(path=b"a/\xff \n", mode="100644", blob=BLOBS[1]),
    Change(path=b"link", mode="120000", blob=BLOBS[2]),
]


def test_list_of_changes() -> None:
    """It holds what is put into it, and is read like any other sequence."""
    changes = ChangeList(SAMPLE)
    assert [*changes] == [*changes] == SAMPLE
    assert (changes[-1], changes[1:]) == (SAMPLE[-1], tuple(SAMPLE[1:]))
    assert (len(changes), bool(ChangeList())) == (3, False)
    with pytest.raises(IndexError):
        changes[3]


def test_list_of_changes_is_small() -> None:
    """A change takes its path and some thirty bytes."""
    tracemalloc.start()
    changes = ChangeList(
        Change(path=b"%030d" % number, mode="100644", blob=BLOBS[0]) for number in range(MANY)
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak / MANY < 30 + 60
    assert len(changes) == MANY


def test_deletions_come_first() -> None:
    """A file can take the place of a directory in whatever order they came."""
    lines = b"".join(index_lines(ChangeList(reversed(SAMPLE)))).split(b"\0")
    assert [line.partition(b"\t")[2] for line in lines] == [b"gone", b"link", b"a/\xff \n", b""]


def test_blobs_by_their_marks() -> None:
    """Each file gets the blob of its own number, or there is no commit."""
    marks = [f":{number} {blob}\n" for number, blob in enumerate(BLOBS[1:], start=1)]
    changes = ChangeList(Change(path=one.path, mode=one.mode, blob="") for one in SAMPLE[1:])
    changes.name_blobs(marked(marks))
    assert [*changes] == SAMPLE[1:]
    with pytest.raises(GitError, match="noted :2"):
        changes.name_blobs(marked(reversed(marks)))
    with pytest.raises(GitError, match="each result"):
        changes.name_blobs(marked(marks[:1]))


def test_spool() -> None:
    """Entries come back in order, again and again, and take a dozen bytes each."""
    spool: Spool[Changed] = Spool()
    tracemalloc.start()
    for number in range(MANY):
        spool.append(Changed(b"out/batch/result-%07d" % number, "100644", 9))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [*spool] == [*spool]
    assert [one.path for one in spool] == [b"out/batch/result-%07d" % each for each in range(MANY)]
    assert kept / MANY < 40


def changes() -> Changes:
    """Return more changes of each kind than a part has."""
    found = Changes(ignored=7)
    for number in range(250):
        found.changed.append(Changed(b"new/%d" % number, "100644", number))
        found.deleted.append(b"old/%d" % number)
        found.left_out.append(NotSent(b"odd/%d" % number, "odd"))
    return found


def test_manifest_in_parts(tmp_path: Path) -> None:
    """Both sides read and write it part by part, and nothing of it is lost."""
    told = [*parts(changes(), is_evaluated=True)]
    assert len(told) == 8
    assert max(map(len, told)) < 10_000
    archive = write_parts(tmp_path / "a.tar", told, [member("new/0", b"x")])
    with archive.open("rb") as stream:
        found = ResultsArchive(stream)
        assert [file.path for file in found.files()] == [b"new/0"]
    assert len(found.manifest.changed) == len(found.manifest.deleted) == 250
    assert found.manifest.ignored == 7
    assert count(found.left_out) == 250 + 249
    assert sum(one.lost for one in found.left_out) == 249


def test_nothing_changed_is_one_part() -> None:
    """An empty manifest is said once."""
    (only,) = parts(Changes(), is_evaluated=False)
    assert json.loads(only)["ignore_evaluated"] is False


def test_a_late_part(tmp_path: Path) -> None:
    """What is announced after the first result was sent is no manifest any more."""
    first, second = [*parts(changes(), is_evaluated=True)][:2]
    info, _ = member("x", b"")
    info.name, info.size = "manifest.json", len(second)
    archive = write_parts(tmp_path / "a.tar", [first], [member("new/0", b"x"), (info, second)])
    with archive.open("rb") as stream, pytest.raises(AgentError, match="nobody knows"):
        [*ResultsArchive(stream).files()]


def test_many_left_out() -> None:
    """Some are named, all are counted, and each fate counts as long as there is one of it."""
    found = LeftOuts()
    for number in range(2 * MOST_LEFT_OUT):
        found.add(LeftOut(path=str(number), reason="odd", archived=True))
    for number in range(5):
        found.add(LeftOut(path=f"lost {number}", reason="gone", lost=True))
    told = found.told()
    assert len(told) == MOST_LEFT_OUT + 1
    assert count(told) == 2 * MOST_LEFT_OUT + 5
    assert [(one.path, one.more) for one in told if one.more] == [
        (str(MOST_LEFT_OUT - 1), MOST_LEFT_OUT),
        ("lost 0", 4),
    ]


def listing(number: int) -> Iterator[tuple[str, FileChange, str, bytes]]:
    """Yield so many new samples, and behind them a picture and a deletion."""
    for each in range(number):
        yield "100644", FileChange.NEW, BLOBS[1], b"out/%07d.txt" % each
    yield "100644", FileChange.NEW, BLOBS[1], b"plot.png"
    yield "100644", FileChange.DELETED, BLOBS[0], b"z.txt"


def test_a_picture_among_many() -> None:
    """Of one extension only some are named, so that nothing else goes under."""
    told = committed(listing(500), [*[b"7\n"] * 501, b"0 missing\n"], ())
    assert len(told.files) == MOST_ALIKE + 1
    assert told.files[-1].path == "plot.png"
    assert told.others == Others(counts={FileChange.NEW: 400, FileChange.DELETED: 1}, size=400 * 7)


def test_many_extensions() -> None:
    """However the files are called, their names stay few."""
    blobs = [("100644", FileChange.NEW, BLOBS[1], b"a.%d" % each) for each in range(3000)]
    told = committed(blobs, [b"1\n"] * 3000, ())
    assert len(told.files) == MOST_NAMED
    assert told.others.counts == {FileChange.NEW: 3000 - MOST_NAMED}
