"""What the forge refuses in a push, written beside each bare repository for its hooks to read.

The hooks are processes of their own; this file and the environment are all they know.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

RULES_FILE = "forge-rules.json"
_HOOK = Path(__file__).with_name("receive_hook.py")


class RuleKind(StrEnum):
    """The two ways in which GitHub guards branches; they refuse in different words."""

    PROTECTION = "protection"
    """Branch protection: GH006."""
    RULESET = "ruleset"
    """A ruleset, or push protection: GH013."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A guard of the branches that match a pattern."""

    pattern: str = "main"
    """Branch names, with `*` as in a shell."""
    kind: RuleKind = RuleKind.PROTECTION
    reason: str = "Changes must be made through a pull request."
    creation: bool = False
    """Whether new branches of such a name are refused too."""
    updates: bool = True
    """Whether commits are refused; forced pushes and deletions always are."""
    bypass: tuple[str, ...] = ()
    """Logins that the rule does not bind."""

    def matches(self, branch: str) -> bool:
        """Say whether this branch is guarded."""
        return fnmatchcase(branch, self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What is to become of a branch."""

    branch: str
    creation: bool
    deletion: bool
    forced: bool


def objection(rule: Rule, update: Update) -> str:
    """Say why a rule forbids this, or nothing; the hook has the same table."""
    if not rule.matches(update.branch) or (update.creation and not rule.creation):
        return ""
    if update.deletion:
        return "Cannot delete this protected branch"
    if update.forced:
        return "Cannot force-push to this branch"
    return rule.reason if rule.updates or update.creation else ""


def write_rules(
    bare: Path,
    rules: Sequence[Rule],
    *,
    max_file_bytes: int,
    page: str,
    large: Collection[str] = (),
) -> None:
    """Write the rules for the hooks of one repository.

    `page` is where people could read them, `large` are the names of what git-lfs keeps.
    """
    data = {
        "rules": [asdict(r) for r in rules],
        "max_file_bytes": max_file_bytes,
        "page": page,
        "large": sorted(large),
    }
    (bare / RULES_FILE).write_text(json.dumps(data, indent=1), encoding="utf-8")


def install_hooks(bare: Path) -> None:
    """Make git call our hook before and after it accepts a push."""
    for name in ("pre-receive", "post-receive"):
        hook = bare / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        words = [sys.executable, "-I", "-S", str(_HOOK), name, RULES_FILE]
        hook.write_text(f"#!/bin/sh\nexec {shlex.join(words)}\n", encoding="utf-8")
        hook.chmod(0o755)
