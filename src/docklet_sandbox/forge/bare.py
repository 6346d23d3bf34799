"""Reading and writing a bare repository through git's own plumbing.

Every command runs with a clean environment, so that nobody's git configuration matters.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from docklet_sandbox.forge.change import Change, import_stream
from docklet_sandbox.forge.git_objects import (
    COMMIT_FORMAT,
    FIELDS,
    Commit,
    TreeEntry,
    read_commit,
    read_entry,
)

NOTHING = "0" * 40
"""What git writes for a ref that is not there."""
_CONFIG = {
    "http.receivepack": "true",
    "receive.hideRefs": "refs/pull",
    "receive.fsckObjects": "true",
    "receive.unpackLimit": "1",  # a pack is kept as it came, which spares much work
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowReachableSHA1InWant": "true",
    "gc.auto": "0",
}


class GitFailed(RuntimeError):
    """Git refused something that the forge itself asked for."""


def clean_environment() -> dict[str, str]:
    """Return the environment that every git of the forge runs in."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }


@dataclass(frozen=True, slots=True)
class Bare:
    """A bare repository on disk."""

    path: Path
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False)
    """Held while the forge itself moves a branch."""

    async def create(self, default_branch: str) -> None:
        """Make the repository, empty, with what GitHub's servers allow switched on."""
        self.path.mkdir(parents=True)
        await self.git("init", "--quiet", "--bare", f"--initial-branch={default_branch}")
        for key, value in _CONFIG.items():
            await self.git("config", key, value)

    async def git(self, *words: str, given: bytes = b"") -> bytes:
        """Run git on the repository and return its output; raise GitFailed if it fails."""
        code, out, err = await self._run(words, given)
        if code:
            message = f"git {' '.join(words)} failed: {err.decode(errors='replace').strip()}"
            raise GitFailed(message)
        return out

    async def asks(self, *words: str) -> bytes | None:
        """Run git and return its output, or None where it says no."""
        code, out, _ = await self._run(words, b"")
        return None if code else out

    async def resolve(self, ref: str) -> str | None:
        """Return the commit that a branch, tag or (short) SHA stands for."""
        if not ref or ref.startswith("-") or any(c in ref for c in " ~^:?*[\\\n\0"):
            return None
        out = await self.asks("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        return None if out is None else out.decode().strip()

    async def head(self, branch: str) -> str | None:
        """Return the commit that a branch is at."""
        return await self.resolve(f"refs/heads/{branch}")

    async def commit(self, ref: str) -> Commit | None:
        """Read a commit."""
        sha = await self.resolve(ref)
        commits = [] if sha is None else await self.log(sha, limit=1)
        return commits[0] if commits else None

    async def log(self, *revisions: str, limit: int = 100) -> list[Commit]:
        """Read commits, newest first."""
        form = f"--format={COMMIT_FORMAT}"
        out = await self.git("log", "-z", f"-{limit}", form, *revisions, "--")
        fields = out.decode(errors="replace").split("\0")[:-1]
        return [read_commit(fields[i : i + FIELDS]) for i in range(0, len(fields), FIELDS)]

    async def refs(self, prefix: str) -> dict[str, str]:
        """Return the refs below a prefix with what they point to."""
        out = await self.git("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        pairs = (line.split(" ") for line in out.decode().splitlines())
        return {pair[0]: pair[1] for pair in pairs}

    async def entry(self, sha: str, path: str) -> TreeEntry | None:
        """Return what is at a path of a commit."""
        found = await self.entries(sha, path)
        return found[0] if found else None

    async def entries(self, sha: str, *words: str) -> list[TreeEntry]:
        """List a commit's tree; `words` are paths or options of `git ls-tree`."""
        out = await self.asks("ls-tree", "-z", "--long", *_options_last(sha, words))
        lines = (out or b"").decode(errors="surrogateescape").split("\0")
        return [read_entry(line) for line in lines if line]

    async def blob(self, sha: str) -> bytes:
        """Read a blob."""
        return await self.git("cat-file", "blob", sha)

    async def show(self, ref: str, path: str) -> bytes | None:
        """Return a file of a commit; None where there is no such commit or file."""
        sha = await self.resolve(ref)
        entry = None if sha is None else await self.entry(sha, path)
        return None if entry is None else await self.blob(entry.sha)

    async def paths(self, ref: str) -> list[str]:
        """Return the paths of all files of a commit; none where there is no such commit."""
        sha = await self.resolve(ref)
        return [] if sha is None else [e.path for e in await self.entries(sha, "-r")]

    async def contains(self, commit: str, ancestor: str) -> bool:
        """Say whether one commit leads to the other."""
        return await self.asks("merge-base", "--is-ancestor", ancestor, commit) is not None

    async def empty(self) -> bool:
        """Say whether there is no branch at all."""
        return not await self.refs("refs/heads")

    async def point(self, ref: str, sha: str) -> None:
        """Set a ref, whatever it was."""
        await self.git("update-ref", ref, sha)

    async def write(self, branch: str, change: Change) -> str:
        """Commit to a branch and return the commit; a new one starts at the default branch."""
        async with self.lock:
            head = await self.head(branch) or await self.resolve("HEAD")
            stream = import_stream(branch, change, parent=head)
            await self.git("fast-import", "--quiet", given=stream)
            return await self.head(branch) or NOTHING

    async def _run(self, words: Sequence[str], given: bytes) -> tuple[int, bytes, bytes]:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            "git",
            *words,
            cwd=self.path,
            env=clean_environment(),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
        )
        out, err = await process.communicate(given)
        return process.returncode or 0, out, err


def _options_last(sha: str, words: Sequence[str]) -> list[str]:
    options = [w for w in words if w.startswith("-")]
    return [*options, sha, "--", *(w for w in words if not w.startswith("-"))]
