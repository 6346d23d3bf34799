"""Who asks the forge, and what they may: tokens with grants, and people's roles.

A token's grants and its owner's role are asked for separately, as GitHub does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Permission(StrEnum):
    """What a token can be granted, in the words of a workflow's `permissions:`."""

    ACTIONS = "actions"
    CHECKS = "checks"
    CONTENTS = "contents"
    ISSUES = "issues"
    METADATA = "metadata"
    """That there is a repository, and who has which role in it; granted unless taken away."""
    PULL_REQUESTS = "pull_requests"
    STATUSES = "statuses"
    WORKFLOWS = "workflows"


class Level(StrEnum):
    """How much of a permission is granted."""

    NONE = "none"
    READ = "read"
    WRITE = "write"

    def covers(self, needed: Level) -> bool:
        """Say whether this level is enough where `needed` is asked for."""
        order = list(Level)
        return order.index(self) >= order.index(needed)


class Role(StrEnum):
    """What somebody is in a repository, the finer word of the two that GitHub uses."""

    NONE = "none"
    READ = "read"
    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"

    @property
    def permission(self) -> str:
        """The coarse word: triage counts as read and maintain as write."""
        return {Role.TRIAGE: "read", Role.MAINTAIN: "write"}.get(self, self.value)

    @property
    def may_triage(self) -> bool:
        """Whether others' issues are open to this role."""
        return self.may_write or self is Role.TRIAGE

    @property
    def may_write(self) -> bool:
        """Whether pushes and statuses are open to this role."""
        return self in {Role.WRITE, Role.MAINTAIN, Role.ADMIN}


class TokenKind(StrEnum):
    """The kinds of token that GitHub words its refusals for."""

    APP = "app"
    """An installation token, such as a workflow's GITHUB_TOKEN; it acts as a bot."""
    FINE = "fine"
    """A fine-grained personal access token."""
    CLASSIC = "classic"
    """A personal access token with scopes; the only kind that X-OAuth-Scopes is sent for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A secret that the forge accepts."""

    secret: str = field(repr=False)
    login: str
    """Whose token it is; for an installation token the bot's login."""
    kind: TokenKind = TokenKind.APP
    permissions: Mapping[Permission, Level] = field(default_factory=dict)
    """Whatever is not named is none, as in a workflow with `permissions:`."""
    repositories: frozenset[str] | None = None
    """Full names in lower case; None means all that its owner can see."""

    def reaches(self, full_name: str) -> bool:
        """Say whether this repository is among those that the token was made for."""
        return self.repositories is None or full_name.lower() in self.repositories

    def covers(self, permission: Permission, level: Level) -> bool:
        """Say whether the token was granted this much of this permission."""
        unnamed = Level.READ if permission is Permission.METADATA else Level.NONE
        return self.permissions.get(permission, unnamed).covers(level)

    @property
    def scopes(self) -> str:
        """What a classic token's grants amount to, in the words of its two scopes."""
        words = {Permission.CONTENTS: "repo", Permission.WORKFLOWS: "workflow"}
        return ", ".join(word for p, word in words.items() if self.covers(p, Level.WRITE))


def accepted(permissions: Iterable[Permission], level: Level) -> str:
    """Write any one of which permissions is enough, as GitHub's header does."""
    return "; ".join(f"{permission}={level}" for permission in permissions)


def parse_permissions(raw: Mapping[str, str]) -> dict[Permission, Level]:
    """Read grants as a workflow writes them; raise ValueError for an unknown word."""
    return {Permission(k.replace("-", "_")): Level(v) for k, v in raw.items()}
