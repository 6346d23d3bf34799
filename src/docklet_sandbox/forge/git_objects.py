"""Commits and directories' entries, as git prints them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

COMMIT_FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B"
"""What `git log` is asked for."""
FIELDS = COMMIT_FORMAT.count("%x00") + 1
"""How many of them there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who made a commit, and when."""

    name: str
    email: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit as git has it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One name in a directory of a commit."""

    mode: str
    kind: str
    sha: str
    size: int
    path: str


def read_commit(fields: Sequence[str]) -> Commit:
    """Read a commit from what COMMIT_FORMAT asks for."""
    sha, tree, parents, *people, message = fields
    name, email, at, other, other_email, other_at = people
    return Commit(
        sha=sha,
        tree=tree,
        parents=tuple(parents.split()),
        author=Signature(name=name, email=email, at=float(at)),
        committer=Signature(name=other, email=other_email, at=float(other_at)),
        message=message.rstrip("\n"),
    )


def read_entry(line: str) -> TreeEntry:
    """Read a line of `git ls-tree --long`."""
    facts, path = line.split("\t", 1)
    mode, kind, sha, size = facts.split()
    return TreeEntry(
        mode=mode, kind=kind, sha=sha, size=int(size) if size.isdigit() else 0, path=path
    )
