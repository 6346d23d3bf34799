"""What a commit changes against its first parent, file by file, as GitHub's JSON shows it.

The lines are counted by git. Patches, which GitHub adds where they are short, are not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from docklet_sandbox.forge.bare import Bare
from docklet_sandbox.forge.git_objects import Commit
from docklet_sandbox.forge.shapes import Shape, page_url, repository_url
from docklet_sandbox.forge.visit import Visit

FILES = 300
"""Files on a page where nobody says how many."""
_MOST = 3000
"""Files that are shown at all, and whose lines count."""
_NOTHING = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The empty tree, which git knows without having it."""
_DIFF = ("--literal-pathspecs", "diff-tree", "-r", "-z", "--find-renames", "--no-abbrev")
_WORDS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One file that a commit changes."""

    path: str
    before: str
    """What a renamed file was called; else the same."""
    status: str
    blob: str
    """The blob that it has now, or had."""
    added: int = 0
    removed: int = 0


async def differences(bare: Bare, commit: Commit) -> list[Difference]:
    """Return what a commit changes, by path."""
    trees = (commit.parents[0] if commit.parents else _NOTHING, commit.sha)
    raw = await bare.git(*_DIFF, "--raw", *trees)
    entries = list(_entries(raw))
    # All paths on one command line could be too many; without any, git takes all there are.
    told = entries[:_MOST]
    paths = {path for _, *both in told for path in both} if len(told) < len(entries) else ()
    counts = _counts(await bare.git(*_DIFF, "--numstat", *trees, "--", *paths))
    return [_difference(entry, lines) for entry, lines in zip(told, counts, strict=True)]


def stats_shape(found: Sequence[Difference]) -> Shape:
    """Show the lines of all files."""
    added, removed = sum(one.added for one in found), sum(one.removed for one in found)
    return {"total": added + removed, "additions": added, "deletions": removed}


def file_shape(here: Visit, commit: Commit, one: Difference) -> Shape:
    """Show one file."""
    page, path = page_url(here.forge, here.repo), quote(one.path, errors="surrogateescape")
    shown = commit.parents[0] if one.status == "removed" else commit.sha
    url = f"{repository_url(here.forge, here.repo)}/contents/{path}?ref={shown}"
    before = {"previous_filename": _text(one.before)} if one.before != one.path else {}
    return {
        "sha": one.blob,
        "filename": _text(one.path),
        "status": one.status,
        "additions": one.added,
        "deletions": one.removed,
        "changes": one.added + one.removed,
        "blob_url": f"{page}/blob/{shown}/{path}",
        "raw_url": f"{page}/raw/{shown}/{path}",
        "contents_url": url,
        **before,
    }


def _entries(listing: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield what git says of a file, and its paths before and now."""
    fields = iter(listing.decode(errors="surrogateescape").split("\0")[:-1])
    for said in fields:
        before = next(fields)
        renamed = said.rpartition(" ")[2].startswith("R")
        yield said, before, next(fields) if renamed else before


def _counts(listing: bytes) -> Iterator[tuple[int, int]]:
    """Yield added and removed lines from `git diff-tree -z --numstat`; none of binary files."""
    fields = iter(listing.decode(errors="surrogateescape").split("\0")[:-1])
    for said in fields:
        added, removed, path = said.split("\t", 2)
        if not path:  # a renamed file's two names come in fields of their own
            next(fields), next(fields)
        yield int(added.replace("-", "0")), int(removed.replace("-", "0"))


def _difference(entry: tuple[str, str, str], lines: tuple[int, int]) -> Difference:
    """Put together what git says of a file, and how many lines it counts."""
    said, before, path = entry
    _, _, old, new, status = said.split(" ")
    return Difference(
        path=path,
        before=before,
        status=_WORDS[status[0]],
        blob=old if status == "D" else new,
        added=lines[0],
        removed=lines[1],
    )


def _text(path: str) -> str:
    """Return a path as JSON can have it."""
    return path.encode(errors="surrogateescape").decode(errors="replace")
