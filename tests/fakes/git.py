"""A forge's repository in memory, and git directories that talk to it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from docklet.adapters.git.lfs import Kept
from docklet.adapters.git.objects import without_conflicts
from docklet.adapters.results.archive import ResultsArchive
from docklet.adapters.results.sieve import Sieve
from docklet.domain.errors import GitError
from docklet.domain.leak import NOTHING
from docklet.domain.outcome import Committed, CommittedFile, FileChange
from docklet.ports import Change, PushAnswer, PushVerdict, Results

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from docklet.adapters.results.archive import ResultFile
    from docklet.domain.identity import RunKey
    from docklet.domain.leak import Search
    from docklet.ports import CommitMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeCommit:
    """A commit with its whole tree."""

    tree: dict[bytes, tuple[str, str]]
    """Mode and blob by path."""
    parent: str
    message: CommitMessage | None = None


class FakeRepository:
    """A repository on a forge; refusals of pushes wait in a queue."""

    def __init__(self) -> None:
        self.branches: dict[str, str] = {}
        self.commits: dict[str, FakeCommit] = {}
        self.blobs: dict[str, bytes] = {}
        self.answers: list[PushAnswer] = []
        """What the next pushes get instead of what they deserve."""
        self.lost_answers = 0
        """How many of the next pushes take effect without anybody learning of it."""
        self.objects: dict[str, bytes] = {}
        """What Git LFS keeps, by SHA-256."""
        self.over_quota = ""
        """Why LFS takes nothing."""

    def write(self, files: Mapping[str, bytes | None], branch: str = "main") -> str:
        """Commit as somebody else would; None deletes a file."""
        parent = self.branches.get(branch, "")
        tree = dict(self.commits[parent].tree) if parent else {}
        for name, content in files.items():
            tree.pop(os.fsencode(name), None)
            if content is not None:
                tree[os.fsencode(name)] = ("100644", self.store(content))
        self.branches[branch] = self.add(FakeCommit(tree=tree, parent=parent))
        return self.branches[branch]

    def show(self, name: str, ref: str = "main") -> bytes | None:
        """Return a file of a branch or commit."""
        commit = self.commits[self.branches.get(ref, ref)]
        entry = commit.tree.get(os.fsencode(name))
        return None if entry is None else self.blobs[entry[1]]

    def store(self, content: bytes) -> str:
        """Keep a blob and return the id that git gives it."""
        blob = hashlib.sha1(b"blob %d\0%s" % (len(content), content)).hexdigest()  # noqa: S324
        self.blobs[blob] = content
        return blob

    def add(self, commit: FakeCommit) -> str:
        """Keep a commit and return an id for it."""
        sha = hashlib.sha1(repr((len(self.commits), commit)).encode()).hexdigest()  # noqa: S324
        self.commits[sha] = commit
        return sha

    def descends(self, sha: str, ancestor: str) -> bool:
        """Tell whether a commit is, or comes after, another."""
        while sha and sha != ancestor:
            sha = self.commits[sha].parent
        return bool(sha)


class FakeGit:
    """A git directory of a `FakeRepository`; results archives are read by the real reader."""

    def __init__(self, repository: FakeRepository | None = None) -> None:
        self.repository = repository or FakeRepository()
        self.calls: list[str] = []
        self.failures: dict[str, list[Exception]] = {}
        self.closed = False
        self._fetched: set[str] = set()
        self._large: dict[str, bytes] = {}

    def _called(self, name: str) -> None:
        """Note a call; fail if the test wants it."""
        self.calls.append(name)
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    def _tree(self, sha: str) -> dict[bytes, tuple[str, str]]:
        """Return the tree of a commit that was fetched."""
        if sha not in self._fetched:
            message = f"There is no commit {sha} here."
            raise GitError(message)
        return self.repository.commits[sha].tree

    async def fetch(self, revision: str) -> str | None:
        """Return a commit that the repository has."""
        self._called("fetch")
        sha = self.repository.branches.get(revision, revision)
        if sha not in self.repository.commits:
            return None
        self._fetched.add(sha)
        return sha

    async def find_run(self, branch: str, run: RunKey, since: float) -> str | None:
        """Walk back from the branch's tip."""
        del since
        self._called("find_run")
        sha = self.repository.branches.get(branch, "")
        while sha:
            commit = self.repository.commits[sha]
            if commit.message and f"Docklet-Run: {run}" in commit.message.text.splitlines():
                return sha
            sha = commit.parent
        return None

    async def import_results(self, archive: Path, base: str, secrets: Search = NOTHING) -> Results:
        """Store the files of a results archive."""
        self._called("import_results")
        sieve = Sieve(secrets)
        rules = (self.repository.show(".gitattributes", base) or b"").decode().splitlines()
        globs = [rule.split()[0] for rule in rules if "filter=lfs" in rule]
        with archive.open("rb") as stream:
            results = ResultsArchive(stream)
            paths = results.manifest.changed
            large = {path for path in paths for glob in globs if fnmatch(os.fsdecode(path), glob)}
            changes = [
                Change(path=file.path, mode=file.mode, blob=self._store(file))
                for file in sieve.files(results.files(large))
            ]
        clean = [each for each in changes if each.path not in sieve.caught]
        kept, conflicts = without_conflicts(clean, results.manifest.deleted)
        results.manifest.left_out.add(*sieve.left_out(), *conflicts)
        return Results(
            changes=tuple(kept), left_out=results.left_out, ignored=results.manifest.ignored
        )

    def _store(self, file: ResultFile) -> str:
        """Keep a file, or its pointer."""
        content = b"".join(file.content)
        if not file.large or content.startswith(b"version https://git-lfs"):
            return self.repository.store(content)
        made = Kept(oid=hashlib.sha256(content).hexdigest(), size=len(content))
        blob = self.repository.store(made.pointer)
        self._large[blob] = content
        return blob

    async def upload(self, changes: Iterable[Change]) -> Mapping[bytes, str]:
        """Keep what pointers stand for, unless there is a reason not to."""
        self._called("upload")
        large = {each.path: self._large[each.blob] for each in changes if each.blob in self._large}
        if self.repository.over_quota:
            return dict.fromkeys(large, self.repository.over_quota)
        digests = {hashlib.sha256(content).hexdigest(): content for content in large.values()}
        self.repository.objects |= digests
        return {}

    async def changed_paths(self, before: str, after: str) -> frozenset[bytes]:
        """Compare two trees."""
        self._called("changed_paths")
        entries = [set(self._tree(sha).items()) for sha in (before, after)]
        return frozenset(path for path, _ in entries[0] ^ entries[1])

    async def effective(self, base: str, changes: Iterable[Change]) -> tuple[Change, ...]:
        """Compare changes with a tree."""
        self._called("effective")
        tree, nothing = self._tree(base), ("000000", "")
        return tuple(
            each for each in changes if tree.get(each.path, nothing) != (each.mode, each.blob)
        )

    async def commit(self, parent: str, changes: Iterable[Change], message: CommitMessage) -> str:
        """Apply changes to a tree; a file takes the place of a directory and vice versa."""
        self._called("commit")
        tree = dict(self._tree(parent))
        for change in sorted(changes, key=lambda each: each.mode != "000000"):
            if change.mode == "000000":
                tree.pop(change.path, None)
                continue
            for path in [path for path in tree if _in_the_way(path, change.path)]:
                del tree[path]
            tree[change.path] = (change.mode, change.blob)
        made = self.repository.add(FakeCommit(tree=tree, parent=parent, message=message))
        self._fetched.add(made)
        return made

    async def committed(self, sha: str) -> Committed:
        """Compare a commit with its parent."""
        self._called("committed")
        made = self.repository.commits[sha]
        if made.message is None:
            return Committed()
        before = self.repository.commits[made.parent].tree
        paths = sorted(path for path, _ in before.items() ^ made.tree.items())
        return Committed(
            files=tuple(self._compared(path, before, made.tree) for path in dict.fromkeys(paths))
        )

    def _compared(
        self,
        path: bytes,
        before: Mapping[bytes, tuple[str, str]],
        after: Mapping[bytes, tuple[str, str]],
    ) -> CommittedFile:
        """Say what became of a path."""
        name = path.decode("utf-8", "surrogateescape")
        if path not in after:
            return CommittedFile(path=name, change=FileChange.DELETED)
        mode, blob = after[path]
        return CommittedFile(
            path=name,
            change=FileChange.CHANGED if path in before else FileChange.NEW,
            size=None if blob in self._large else len(self.repository.blobs[blob]),
            regular=mode != "120000",
        )

    async def push(self, sha: str, branch: str) -> PushAnswer:
        """Move a branch forward, unless the repository refuses."""
        self._called("push")
        if self.repository.answers:
            return self.repository.answers.pop(0)
        head = self.repository.branches.get(branch)
        if head is not None and not self.repository.descends(sha, head):
            return PushAnswer(verdict=PushVerdict.RACED, detail="[rejected] (fetch first)")
        self.repository.branches[branch] = sha
        if self.repository.lost_answers:
            self.repository.lost_answers -= 1
            return PushAnswer(verdict=PushVerdict.UNKNOWN, detail="the remote end hung up")
        return PushAnswer(verdict=PushVerdict.ACCEPTED)

    async def remote_head(self, branch: str) -> str | None:
        """Return a branch's head."""
        self._called("remote_head")
        return self.repository.branches.get(branch)

    async def close(self) -> None:
        """Note that it was called."""
        self.closed = True


def _in_the_way(there: bytes, new: bytes) -> bool:
    """Tell whether one path is a directory of the other."""
    return new.startswith(there + b"/") or there.startswith(new + b"/")
