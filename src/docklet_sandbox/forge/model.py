"""What the forge keeps: people, and repositories with their talk.

Records are frozen and replaced; only a repository changes in place, since everything hangs on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from docklet_sandbox.forge.bare import Bare
from docklet_sandbox.forge.records import CheckRun, Status, WorkflowRun
from docklet_sandbox.forge.rules import Rule
from docklet_sandbox.forge.tokens import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with an account, or an App's bot."""

    id: int
    login: str
    name: str | None = None
    email: str | None = None
    """Commits with this address are shown as theirs."""
    keys: tuple[str, ...] = ()
    """Public SSH keys, as an authorized_keys file has them."""

    @property
    def bot(self) -> bool:
        """Whether this is an App's account."""
        return self.login.endswith("[bot]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A text that a comment had, from this time on."""

    at: float
    body: str


class Place(StrEnum):
    """What a comment is written on."""

    COMMIT = "commit"
    ISSUE = "issue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """A reaction to a comment or an issue."""

    id: int
    content: str
    login: str
    created: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment with all the texts that it ever had."""

    id: int
    place: Place
    target: str
    """The commit's SHA, or the number of the issue or pull request."""
    login: str
    history: tuple[Edit, ...]
    """The first text and each edit, oldest first."""
    path: str | None = None
    position: int | None = None
    line: int | None = None
    reactions: tuple[Reaction, ...] = ()
    deleted: bool = False
    """Deleted comments are kept, so that a test can read what they said."""

    @property
    def body(self) -> str:
        """The text as it is now."""
        return self.history[-1].body

    @property
    def edits(self) -> int:
        """How often it was edited."""
        return len(self.history) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue, or the conversation of the pull request with the same number."""

    id: int
    number: int
    title: str
    body: str | None
    login: str
    created: float
    updated: float
    state: Literal["open", "closed"] = "open"
    locked: bool = False
    lock_reason: str | None = None
    reactions: tuple[Reaction, ...] = ()
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What a pull request has beyond its conversation."""

    id: int
    number: int
    head_repository: str
    """Full name; another one than the base's for a pull request from a fork."""
    head: str
    head_sha: str
    """The last one seen, for when the branch is gone."""
    base: str
    draft: bool = False
    merged: bool = False


@dataclass(slots=True, kw_only=True)
class Repository:
    """A repository: its git data on disk and everything said about it."""

    id: int
    owner: str
    name: str
    bare: Bare
    created: float
    pushed: float
    private: bool = False
    archived: bool = False
    default_branch: str = "main"
    parent: str | None = None
    """Full name of the repository that this is a fork of."""
    actions_may_open_pulls: bool = True
    """The setting `Allow GitHub Actions to create and approve pull requests`."""
    has_issues: bool = True
    rules: list[Rule] = field(default_factory=list)
    roles: dict[str, Role] = field(default_factory=dict)
    """By login in lower case; the owner needs none."""
    comments: dict[int, Comment] = field(default_factory=dict)
    locked_commits: set[str] = field(default_factory=set)
    """SHAs of commits whose conversations are locked."""
    statuses: list[Status] = field(default_factory=list)
    checks: dict[int, CheckRun] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    runs: dict[int, WorkflowRun] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    """What git-lfs keeps outside of git, by SHA-256."""
    over_large_quota: bool = False
    """Whether its owner has to pay before more can be kept there."""

    @property
    def full_name(self) -> str:
        """Owner and name, as in a URL."""
        return f"{self.owner}/{self.name}"

    def role(self, login: str) -> Role:
        """Return what somebody is here; everybody can read what is public."""
        if login.lower() == self.owner.lower():
            return Role.ADMIN
        default = Role.NONE if self.private else Role.READ
        return self.roles.get(login.lower(), default)

    def next_number(self) -> int:
        """Return the number of the next issue or pull request, which share one count."""
        return max(self.issues, default=0) + 1
