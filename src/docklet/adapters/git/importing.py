"""The way of a results archive into the clean git directory: files become blobs, or pointers.

Nothing is extracted under a name that the archive chose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docklet.adapters.git.changes import ChangeList
from docklet.adapters.git.lfs import LargeFiles
from docklet.adapters.git.lfs_paths import (
    ATTRIBUTES,
    attribute_files,
    attributes_above,
    large_paths,
)
from docklet.adapters.git.objects import (
    blob_stream,
    marked,
    read_tree,
    without_conflicts,
)
from docklet.adapters.git.process import records
from docklet.adapters.git.special import dangerous
from docklet.adapters.results.archive import ResultsArchive
from docklet.adapters.results.names import objection
from docklet.adapters.results.sieve import Sieve
from docklet.adapters.results.tar import Flaw, unreadable
from docklet.ports import Results

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from docklet.adapters.git.process import GitProgram
    from docklet.adapters.results.archive import ResultFile
    from docklet.domain.leak import Search


async def tree_of(program: GitProgram, commit: str) -> dict[bytes, tuple[str, str]]:
    """Return mode and blob of every file of a commit."""
    async with program.listing("ls-tree", "-r", "-z", "--full-tree", commit) as listing:
        return read_tree(records(listing))


class Import:
    """One import; `kept` says afterwards which LFS object each pointer's blob stands for."""

    def __init__(
        self,
        program: GitProgram,
        names: Iterator[int],
        fetch_blobs: Callable[[Sequence[str]], Awaitable[None]],
    ) -> None:
        """Import into the program's directory; `names` are numbers that nothing has yet."""
        self._git = program
        self._names = names
        self._fetch_blobs = fetch_blobs
        self.kept: dict[str, str] = {}

    async def run(self, archive: Path, base: str, secrets: Search) -> Results:
        """Store the archive's files, which a script made of commit `base`."""
        oids: dict[bytes, str] = {}
        large_files, sieve = LargeFiles(self._git.directory), Sieve(secrets)
        try:
            large = await self._large(archive, base)
            with archive.open("rb") as stream:
                results = ResultsArchive(stream)
                seen = sieve.files(results.files(large))
                files = large_files.with_pointers(seen, oids)
                changes = await self._store(files)
        except OSError as error:
            raise unreadable(Flaw.LOST) from error
        self.kept = {each.blob: oids[each.path] for each in changes if each.path in oids}
        part = self._git.directory / f"special-{next(self._names)}"
        refused = await dangerous(self._git, changes, part)
        caught = sieve.caught.keys() | refused.keys()
        if caught:
            changes = ChangeList(each for each in changes if each.path not in caught)
        deleted = results.manifest.deleted
        results.manifest.changed.clear()  # memory that the rest has use for
        kept, conflicts = without_conflicts(changes, deleted)
        results.manifest.left_out.add(*refused.values(), *sieve.left_out(), *conflicts)
        return Results(
            changes=kept,
            left_out=results.left_out,
            ignored=results.manifest.ignored,
        )

    async def _large(self, archive: Path, base: str) -> frozenset[bytes]:
        """Return the archive's paths that belong into Git LFS."""
        with archive.open("rb") as stream:
            results = ResultsArchive(stream)
            brings = any(path.endswith(ATTRIBUTES) for path in results.manifest.changed)
            # Else nobody has to look through the whole archive.
            brought = await self._store(attribute_files(results)) if brings else ChangeList()
        tree = await tree_of(self._git, base) if results.manifest.changed else {}
        if not brought and not any(path.endswith(ATTRIBUTES) for path in tree):
            return frozenset()
        paths = [path for path in results.manifest.changed if not objection(path)]
        gone = {each.path for each in brought}.union(results.manifest.deleted)
        there = [each for each in attributes_above(paths, tree) if each.path not in gone]
        await self._fetch_blobs([each.blob for each in there])
        index = self._git.directory / f"index-{next(self._names)}"
        try:
            return await large_paths(self._git, (*there, *brought), paths, str(index))
        finally:
            index.unlink(missing_ok=True)

    async def _store(self, files: Iterable[ResultFile]) -> ChangeList:
        """Store files as blobs."""
        marks = self._git.directory / f"marks-{next(self._names)}"
        found = ChangeList()
        await self._git.must(
            *("fast-import", "--quiet", "--done", "--depth=0", f"--export-marks={marks}"),
            stdin=blob_stream(files, found),
        )
        with marks.open(encoding="ascii") as lines:
            found.name_blobs(marked(lines))
        return found
