"""Which results belong into Git LFS: by the `.gitattributes` that the results' commit will have.

That is what git itself would go by. The files are data, partly from a hostile machine: git reads
them from an index of their own and answers with a word for each path. Nothing of them is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.adapters.git.objects import folders, index_lines
from docklet.adapters.git.process import records
from docklet.ports import Change

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from docklet.adapters.git.process import GitProgram
    from docklet.adapters.results.archive import ResultFile, ResultsArchive

ATTRIBUTES: Final = b".gitattributes"
_LARGEST: Final = 1024**2
"""Bytes of a file that is read; nobody writes longer ones."""
_REGULAR: Final = ("100644", "100755")
_EARLY: Final = 100
_NEVER: Final = (b".git", b".lfs")
"""What git and git-lfs read themselves begins with this, and would be no use as a pointer."""


def attribute_files(results: ResultsArchive) -> Iterator[ResultFile]:
    """Yield the attribute files that a results archive brings."""
    for file in results.files(results.manifest.changed):
        if _is_attributes(file.path) and file.mode in _REGULAR and file.size <= _LARGEST:
            yield file


def attribute_blobs(tree: Mapping[bytes, tuple[str, str]]) -> list[str]:
    """Return the blobs of those attribute files of a commit's tree that most paths are below.

    They can be fetched before anybody knows which paths will be asked about.
    """
    places = sorted((path for path in tree if _is_attributes(path)), key=lambda p: p.count(b"/"))
    found = (tree[path] for path in places[:_EARLY])
    return [blob for mode, blob in found if mode in _REGULAR]


def attributes_above(
    paths: Iterable[bytes], tree: Mapping[bytes, tuple[str, str]]
) -> tuple[Change, ...]:
    """Return those attribute files of a commit's tree that have a say about `paths`."""
    places = [ATTRIBUTES, *(folder + b"/" + ATTRIBUTES for folder in folders(paths))]
    found = ((path, tree[path]) for path in sorted(places) if path in tree)
    return tuple(
        Change(path=path, mode=mode, blob=blob) for path, (mode, blob) in found if mode in _REGULAR
    )


async def large_paths(
    program: GitProgram, attributes: Collection[Change], paths: Iterable[bytes], index: str
) -> frozenset[bytes]:
    """Return those of `paths` that the attribute files give to LFS; `index` is a new file.

    All of them have to be names that a commit may have: git would give up all for another one.
    """
    env = {"GIT_INDEX_FILE": index}
    await program.must(
        "update-index", "-z", "--index-info", stdin=index_lines(attributes), env=env
    )
    command = ("check-attr", "--cached", "-z", "--stdin", "filter")
    asked = (path + b"\0" for path in paths)
    async with program.listing(*command, stdin=asked, env=env) as listing:
        fields = records(listing)
        return frozenset(
            path
            for path, _, value in zip(fields, fields, fields, strict=True)
            if value == b"lfs" and not path.rpartition(b"/")[2].startswith(_NEVER)
        )


def _is_attributes(path: bytes) -> bool:
    """Tell an attribute file by its name."""
    return path.rpartition(b"/")[2] == ATTRIBUTES
