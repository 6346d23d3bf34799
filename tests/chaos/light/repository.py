"""A repository of the sandbox's forge whose git data is that of the fake git port."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from docklet_sandbox.forge.git_objects import Commit, Signature

if TYPE_CHECKING:
    from tests.fakes import FakeRepository

_HEADS: Final = "refs/heads/"
_TREE: Final = "0" * 40


class MemoryBare:
    """What the forge asks of a bare repository, of a `FakeRepository`."""

    path = Path("/nonexistent")

    def __init__(self, fake: FakeRepository) -> None:
        """Show commits and branches of a fake."""
        self._fake = fake

    async def resolve(self, ref: str) -> str | None:
        """Return the commit of a branch or SHA."""
        sha = self._fake.branches.get(ref.removeprefix(_HEADS), ref)
        return sha if sha in self._fake.commits else None

    async def head(self, branch: str) -> str | None:
        """Return the commit that a branch is at."""
        return self._fake.branches.get(branch)

    async def commit(self, ref: str) -> Commit | None:
        """Describe a commit."""
        sha = await self.resolve(ref)
        if sha is None:
            return None
        made = self._fake.commits[sha]
        somebody = Signature(name="Somebody", email="somebody@example.org", at=0.0)
        return Commit(
            sha=sha,
            tree=_TREE,
            parents=(made.parent,) if made.parent else (),
            author=somebody,
            committer=somebody,
            message=made.message.text if made.message else "Begin",
        )

    async def refs(self, prefix: str) -> dict[str, str]:
        """Return the branches."""
        named = {f"{_HEADS}{name}": sha for name, sha in self._fake.branches.items()}
        return {name: sha for name, sha in named.items() if name.startswith(prefix)}

    async def empty(self) -> bool:
        """Say whether there is no commit."""
        return not self._fake.commits

    async def point(self, ref: str, sha: str) -> None:
        """Do nothing: what pull requests have of their own is never asked for."""

    async def git(self, *words: str) -> bytes:
        """List what one commit has and another has not; say nothing about differences."""
        if "diff-tree" in words:
            return b""
        assert words[0] == "rev-list", words
        *_, sha, other = words
        found = [one for one in self._line(sha) if one not in self._line(other.removeprefix("^"))]
        if "--count" in words:
            return b"%d\n" % len(found)
        return "".join(f"{one}\n" for one in found).encode()

    async def asks(self, *words: str) -> bytes | None:
        """Say nothing about differences."""
        assert words[0] == "diff", words
        return b""

    def _line(self, sha: str) -> list[str]:
        line = []
        while sha:
            line.append(sha)
            sha = self._fake.commits[sha].parent
        return line
