"""What docklet needs of git."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from docklet.domain.leak import NOTHING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from docklet.domain.identity import RunKey
    from docklet.domain.leak import Search
    from docklet.domain.outcome import Committed, LeftOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One result, ready to be committed."""

    path: bytes
    """Relative to the repository's root, in the bytes that the script used."""
    mode: str
    """Git's file mode, `100644`, `100755` or `120000`; `000000` for a deletion."""
    blob: str
    """Blob id; empty for a deletion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What came back from the machine, in the clean git directory."""

    changes: Sequence[Change]
    left_out: tuple[LeftOut, ...]
    ignored: int = 0
    """How many ignored files were not collected."""


class PushVerdict(StrEnum):
    """What the forge said to a push."""

    ACCEPTED = "accepted"
    RACED = "raced"
    """Somebody else was faster; fetch and try again."""
    PROTECTED = "protected"
    DENIED = "denied"
    REFUSED = "refused"
    """Refused for the contents: too large, a secret, a workflow file."""
    ROOTLESS = "rootless"
    """The forge has lost the commit below it, as when somebody wound the branch back."""
    UNKNOWN = "unknown"
    """The answer was lost or not understood; look before pushing again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAnswer:
    """A push's verdict and what the forge printed."""

    verdict: PushVerdict
    detail: str = ""


class Git(Protocol):
    """A clean git directory on the runner, which no script has ever touched.

    Nothing in it is checked out, so no hook or filter of the repository takes part. Attributes
    tell one thing only: which files belong into Git LFS.
    """

    async def fetch(self, revision: str) -> str | None:
        """Fetch a branch or SHA without blobs; return its commit's SHA, or None if it is gone."""

    async def find_run(self, branch: str, run: RunKey, since: float) -> str | None:
        """Return the results commit of a run on a branch, if one was made since an epoch second.

        It is known by its trailer `Docklet-Run`.
        """

    async def import_results(self, archive: Path, base: str, secrets: Search = NOTHING) -> Results:
        """Store the files of a results archive, which a script made of commit `base`.

        A file that holds one of `secrets` is left out, whoever wrote it there.
        What belongs into Git LFS becomes a pointer, by the attributes of `base` with the results.
        """

    async def upload(self, changes: Iterable[Change]) -> Mapping[bytes, str]:
        """Give the forge's LFS server what the pointers among `changes` stand for.

        Returns for each path whose file did not get there why, as the end of a sentence; it must
        not be committed.
        """

    async def changed_paths(self, before: str, after: str) -> frozenset[bytes]:
        """Return the paths in which two commits differ."""

    async def effective(self, base: str, changes: Iterable[Change]) -> Sequence[Change]:
        """Return those of `changes` that change anything against commit `base`."""

    async def commit(
        self, parent: str, changes: Collection[Change], message: CommitMessage
    ) -> str:
        """Commit `changes` on top of `parent` and return the new SHA."""

    async def committed(self, sha: str) -> Committed:
        """Return what a commit that was made here changes, by path; nothing for any other."""

    async def push(self, sha: str, branch: str) -> PushAnswer:
        """Push a commit to a branch, never by force."""

    async def remote_head(self, branch: str) -> str | None:
        """Return the SHA that the forge has for `branch`, or None."""

    async def close(self) -> None:
        """Remove the directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitMessage:
    """Who says what in a commit."""

    text: str
    author: str
    """`Name <mail>`."""
    committer: str
    """`Name <mail>`."""
