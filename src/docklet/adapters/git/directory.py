"""git on the runner: a bare directory that no script has ever touched.

Nothing is checked out and only plumbing is used, so no hook, filter, attribute or configuration
of the repository takes part. Blobs that the results do not bring are never fetched, but for
those that say which files belong into Git LFS.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from docklet.adapters.git.answers import checked, is_gone, is_passing, push_answer
from docklet.adapters.git.changes import ChangeList
from docklet.adapters.git.config import config_of, credential_text, environment_of, hold
from docklet.adapters.git.importing import Import, tree_of
from docklet.adapters.git.lfs import Upload
from docklet.adapters.git.lfs_paths import attribute_blobs
from docklet.adapters.git.objects import identities, index_lines
from docklet.adapters.git.process import Finished, GitProgram, records
from docklet.adapters.git.stat import changed_blobs, committed
from docklet.domain.backoff import jittered
from docklet.domain.errors import GitError
from docklet.domain.leak import NOTHING
from docklet.domain.outcome import Committed
from docklet.domain.values import shown
from docklet.ports import PushAnswer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from docklet.adapters.git.config import Credential
    from docklet.domain.identity import RunKey
    from docklet.domain.leak import Search
    from docklet.domain.secret import Secret
    from docklet.ports import Change, Clock, CommitMessage, Results

_SHA: Final = re.compile(r"[0-9a-f]{40}")
_NOTHING_SINCE: Final = re.compile(r"no commits selected|error processing shallow info")
"""What git says when all commits are older than it is told to fetch."""
_BLOBS_AT_ONCE: Final = 500
"""Names of blobs on one command line."""
_NO_SERVER: Final = (
    "At {url} there is no git server, but something that answers all the same, such as a proxy's"
    " page. Can the forge be reached from here?"
)
_ANOTHER_TRY: Final = (1.0, 5.0)
"""Seconds before a read is sent a second and a third time."""


class GitDirectory:
    """A clean git directory for one repository of the forge."""

    def __init__(
        self, url: str, program: GitProgram, credential: Credential, *, clock: Clock
    ) -> None:
        """Use a directory that `open` has made."""
        self._url = url
        self._git = program
        self._credential = credential
        self._clock = clock
        self._serial = count()
        self._tips: dict[str, str] = {}
        self._parents: dict[str, str] = {}
        self._large: dict[str, str] = {}
        self._fetched: set[str] = set()
        self._config = ""

    @classmethod
    async def open(
        cls, url: str, token: Secret, directory: Path | None = None, *, clock: Clock
    ) -> Self:
        """Make a git directory, below `directory` if given, for the repository at `url`."""
        answer = credential_text(token)
        home = Path(tempfile.mkdtemp(prefix="docklet-git-", dir=directory))
        credential = hold(answer, home)
        program = GitProgram(
            directory=home,
            env=environment_of(home, os.environ),
            token=token,
            inherited=() if credential.descriptor is None else (credential.descriptor,),
        )
        opened = cls(url, program, credential, clock=clock)
        try:
            opened._config = config_of(url, credential)
            await program.must("init", "--quiet", "--bare", "--template=", "--object-format=sha1")
            opened._config = (home / "config").read_text(encoding="utf-8") + opened._config
            opened._configure()
        except BaseException:
            await opened.close()
            raise
        return opened

    @property
    def directory(self) -> Path:
        """Where everything is."""
        return self._git.directory

    async def fetch(self, revision: str) -> str | None:
        """Fetch a branch or SHA without blobs; return its commit's SHA, or None if it is gone."""
        pinned = _SHA.fullmatch(revision)
        source = revision if pinned else f"refs/heads/{revision}"
        ref = f"refs/docklet/{next(self._serial)}"
        done = await self._fetch_tree(f"+{source}:{ref}")
        if done.code == 0 and (await self._git.run("cat-file", "-e", f"{ref}^{{tree}}")).code:
            # `find_run` has brought the commit alone, so git took the rest for known.
            done = await self._fetch_tree(f"+{source}:{ref}", "--refetch")
        if done.code and is_gone(done.said):
            return None
        checked(done, f"`{revision}` could not be fetched from {self._url}")
        sha = (await self._git.must("rev-parse", "--verify", f"{ref}^{{commit}}")).decode().strip()
        if pinned:
            await self._fetch_blobs(attribute_blobs(await self._tree(sha)))
        else:
            self._tips[revision] = sha
        return sha

    async def find_run(self, branch: str, run: RunKey, since: float) -> str | None:
        """Return the results commit of a run on a branch, if one was made since `since`."""
        ref = f"refs/docklet/{next(self._serial)}"
        try:
            done = await self._read(
                *("-c", f"remote.origin.url={self._url}", "-c", "remote.origin.promisor=true"),
                *("fetch", "--quiet", f"--shallow-since=@{int(since)} +0000", "--filter=tree:0"),
                *("--no-tags", "--no-write-fetch-head"),
                *("origin", f"+refs/heads/{branch}:{ref}"),
            )
        finally:
            self._configure()
        if done.code and (is_gone(done.said) or _NOTHING_SINCE.search(done.said)):
            return None
        checked(done, f"`{branch}` could not be fetched from {self._url}")
        grep = ("--extended-regexp", f"--grep=^Docklet-Run: {run}$")
        found = await self._git.must("log", "--format=%H", *grep, ref)
        return found.decode().partition("\n")[0] or None

    async def import_results(self, archive: Path, base: str, secrets: Search = NOTHING) -> Results:
        """Store the files of a results archive as blobs, those for Git LFS as pointers."""
        work = Import(self._git, self._serial, self._fetch_blobs)
        results = await work.run(archive, _id(base), secrets)
        self._large |= work.kept
        return results

    async def upload(self, changes: Iterable[Change]) -> Mapping[bytes, str]:
        """Give LFS what the pointers among `changes` stand for; return what stays, and why."""
        large = {each.path: self._large[each.blob] for each in changes if each.blob in self._large}
        upload = Upload(self._git, self._url, self._clock)
        failed = await upload.run(sorted(set(large.values())))
        return {path: failed[oid] for path, oid in large.items() if oid in failed}

    async def changed_paths(self, before: str, after: str) -> frozenset[bytes]:
        """Return the paths in which two commits differ."""
        listed = await self._git.must(
            "diff-tree", "-r", "-z", "--name-only", "--no-renames", _id(before), _id(after)
        )
        return frozenset(listed.split(b"\0")) - {b""}

    async def effective(self, base: str, changes: Iterable[Change]) -> Sequence[Change]:
        """Return those of `changes` that change anything against commit `base`."""
        tree = await self._tree(base)
        nothing = ("000000", "")
        return ChangeList(
            change
            for change in changes
            if tree.get(change.path, nothing) != (change.mode, change.blob)
        )

    async def commit(
        self, parent: str, changes: Collection[Change], message: CommitMessage
    ) -> str:
        """Commit `changes` on top of `parent` and return the new SHA."""
        index = self.directory / f"index-{next(self._serial)}"
        env = {"GIT_INDEX_FILE": str(index)}
        await self._git.must("read-tree", _id(parent), env=env)
        await self._git.must(
            "update-index", "-z", "--index-info", stdin=index_lines(changes), env=env
        )
        tree = (await self._git.must("write-tree", "--missing-ok", env=env)).decode().strip()
        index.unlink(missing_ok=True)
        made = await self._git.must(
            *("commit-tree", tree, "-p", parent),
            stdin=[message.text.replace("\0", "").encode("utf-8", "backslashreplace")],
            env=identities(message, self._clock.now()),
        )
        sha = made.decode().strip()
        self._parents[sha] = parent
        return sha

    async def committed(self, sha: str) -> Committed:
        """Return what a commit that was made here changes, by path; nothing for any other."""
        if sha not in self._parents:
            return Committed()
        raw = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev")
        async with self._git.listing(*raw, self._parents[sha], sha) as changed:
            asked = (f"{blob}\n".encode() for _, _, blob, _ in changed_blobs(records(changed)))
            batch = ("cat-file", "--batch-check=%(objectsize)")
            async with self._git.listing(*batch, stdin=asked) as lines:
                changed.seek(0)
                return committed(changed_blobs(records(changed)), lines, self._large)

    async def push(self, sha: str, branch: str) -> PushAnswer:
        """Push a commit to a branch, never by force.

        Unless the branch still ends with the commit's parent, git has to ask whether the forge
        has that parent: else it would send all of it, for which the blobs are missing here.
        """
        asks = self._tips.get(branch) != self._parents.get(sha, "")
        done = await self._git.run(
            *("-c", f"push.negotiate={str(asks).lower()}", "push", "--porcelain", "--no-verify"),
            *("--no-thin", self._url, f"{_id(sha)}:refs/heads/{branch}"),
        )
        return push_answer(done, sha)

    async def remote_head(self, branch: str) -> str | None:
        """Return the SHA that the forge has for `branch`, or None."""
        name = f"refs/heads/{branch}"
        done = await self._read("ls-remote", "--refs", self._url, name)
        checked(done, f"`{branch}` could not be looked up at {self._url}")
        heads = (line.split("\t") for line in done.stdout.decode("utf-8", "replace").splitlines())
        return next((sha for sha, ref in heads if ref == name), None)

    async def close(self) -> None:
        """Remove the directory and let go of the token; a second time is fine."""
        if self.directory.exists():
            self._credential.close()
            shutil.rmtree(self.directory, ignore_errors=True)

    async def _fetch_tree(self, refspec: str, *options: str) -> Finished:
        """Fetch one commit with its trees and without blobs."""
        try:
            return await self._read(
                *("-c", f"remote.origin.url={self._url}", "-c", "remote.origin.promisor=true"),
                *("fetch", "--quiet", "--depth=1", "--filter=blob:none", "--no-tags", *options),
                *("--no-write-fetch-head", "origin", refspec),
            )
        finally:
            self._configure()

    async def _fetch_blobs(self, blobs: Sequence[str]) -> None:
        """Fetch blobs that `fetch` has left where they were."""
        wanted = [blob for blob in blobs if blob not in self._fetched]
        try:
            for begin in range(0, len(wanted), _BLOBS_AT_ONCE):
                done = await self._read(
                    *("-c", f"remote.origin.url={self._url}", "-c", "remote.origin.promisor=true"),
                    *("-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags"),
                    *("--filter=blob:none", "--no-write-fetch-head"),
                    *("origin", *wanted[begin : begin + _BLOBS_AT_ONCE]),
                )
                checked(done, f"The attributes of files could not be fetched from {self._url}")
        finally:
            self._configure()
        self._fetched.update(wanted)

    async def _tree(self, sha: str) -> dict[bytes, tuple[str, str]]:
        """Return mode and blob of every file of a commit."""
        return await tree_of(self._git, _id(sha))

    async def _read(self, *arguments: str) -> Finished:
        """Run a git command that changes nothing over there, again after a passing failure."""
        done = await self._git.run(*arguments)
        for wait in _ANOTHER_TRY:
            if done.code == 0 or not is_passing(done.said):
                break
            await self._clock.sleep(jittered(wait, self._clock.random()))
            done = await self._git.run(*arguments)
        return await self._believed(done, arguments)

    async def _believed(self, done: Finished, arguments: tuple[str, ...]) -> Finished:
        """Ask twice before something is gone, and believe it of a git server only."""
        if done.code == 0 or not is_gone(done.said):
            return done
        again = await self._git.run(*arguments)
        if again.code and is_gone(again.said) and not await self._is_there():
            raise GitError(_NO_SERVER.format(url=self._url))
        return again

    async def _is_there(self) -> bool:
        """Tell whether a git server answers: a page of something else has no branches."""
        done = await self._git.run("ls-remote", "--refs", self._url)
        return done.code == 0 and bool(done.stdout)

    def _configure(self) -> None:
        """Write the configuration, again after each fetch with a filter.

        Such a fetch notes down where missing blobs can be had. A push would then want them,
        though it needs none; without that note git takes them for what they are: not needed.
        """
        (self.directory / "config").write_text(self._config, encoding="utf-8")


def _id(sha: str) -> str:
    """Return a commit's id as it is; raise `GitError` for what git might take for an option."""
    if not _SHA.fullmatch(sha):
        message = f"`{shown(sha)}` is no commit's id. The event, or the forge, said so."
        raise GitError(message)
    return sha
