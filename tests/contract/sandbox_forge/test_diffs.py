"""What a commit changes, as GitHub tells it: counted by git, in pages of 300 files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docklet_sandbox.forge import diffs
from tests.contract.sandbox_forge.conftest import REPO, SCRIPT, Stand

if TYPE_CHECKING:
    import pytest

    from docklet_sandbox.forge.client import Files

POEM = "".join(f"line {n}\n" for n in range(20))


def shown(stand: Stand, sha: str, query: str = "") -> Any:  # noqa: ANN401 - foreign JSON
    """Ask for a commit."""
    answer = stand.ask("GET", f"/repos/{REPO}/commits/{sha}{query}")
    assert answer.status == 200, answer
    return answer.json


def figures(stand: Stand, files: Files) -> dict[str, tuple[str, int, int, int]]:
    """Commit files; return status, additions, deletions and changes of each that is told."""
    told = shown(stand, stand.client.commit(REPO, files))
    names = ("status", "additions", "deletions", "changes")
    return {one["filename"]: tuple(one[name] for name in names) for one in told["files"]}


def test_every_kind_of_change(stand: Stand) -> None:
    """New, changed, gone and renamed files are told by their lines, binary ones without."""
    figures(stand, {"a.csv": "1\n2\n", "gone": "x\ny\n", "poem.txt": POEM, "b.bin": b"\0\1"})
    told = figures(
        stand,
        {
            "a.csv": "1\n3\n4\n",
            "gone": None,
            "poem.txt": None,
            "old/poem.txt": f"{POEM}end\n",
            "b.bin": b"\0\2",
            'new \u00fc".md': "# New\n",
        },
    )
    assert told == {
        "a.csv": ("modified", 2, 1, 3),
        "gone": ("removed", 0, 2, 2),
        "old/poem.txt": ("renamed", 1, 0, 1),
        "b.bin": ("modified", 0, 0, 0),
        'new \u00fc".md': ("added", 1, 0, 1),
    }


def test_totals_and_addresses(stand: Stand) -> None:
    """The total is of all files; a file's addresses lead to where it is, or was."""
    before = stand.client.head(REPO)
    sha = stand.client.commit(REPO, {"inst/examples/knit.R": None, "a b.txt": "1\n"})
    told = shown(stand, sha)
    lines = SCRIPT.count("\n")
    assert told["stats"] == {"total": 1 + lines, "additions": 1, "deletions": lines}
    page = f"{stand.forge.server_url}/{REPO}/blob"
    assert [one["blob_url"] for one in told["files"]] == [
        f"{page}/{sha}/a%20b.txt",
        f"{page}/{before}/inst/examples/knit.R",
    ]


def test_first_commit_adds_everything(stand: Stand) -> None:
    """A commit without a parent is compared with nothing."""
    told = shown(stand, "main")
    assert {one["filename"]: one["status"] for one in told["files"]} == {
        "README.md": "added",
        "inst/examples/knit.R": "added",
    }


def test_pages_of_files(stand: Stand) -> None:
    """300 come at first, or as many as are asked for; the total stays that of all."""
    sha = stand.client.commit(REPO, {f"{n:03}.txt": "1\n" for n in range(310)})
    sizes = {"": 300, "?page=2": 10, "?per_page=100": 100, "?per_page=100&page=4": 10}
    for query, size in sizes.items():
        told = shown(stand, sha, query)
        assert (len(told["files"]), told["stats"]["additions"]) == (size, 310)


def test_files_beyond_the_limit(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more files are told of than GitHub tells of at all, names with odd letters too."""
    monkeypatch.setattr(diffs, "_MOST", 2)
    told = figures(stand, {"*": "1\n", ":(top)b": "1\n2\n", "c": "1\n"})
    assert told == {"*": ("added", 1, 0, 1), ":(top)b": ("added", 2, 0, 2)}
