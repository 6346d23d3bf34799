"""Moving refs over REST, which is refused for the same reasons as a push."""

from __future__ import annotations

from dataclasses import dataclass

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.bare import NOTHING
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.pushed import note_pushes
from docklet_sandbox.forge.records import Push
from docklet_sandbox.forge.rules import RuleKind, Update, objection
from docklet_sandbox.forge.tokens import Level, Permission
from docklet_sandbox.forge.visit import ACCEPTED, Visit

BRANCH = "refs/heads/"
_WORKFLOWS = ".github/workflows/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A ref's way from one commit to another."""

    ref: str
    old: str = NOTHING
    new: str = NOTHING
    forced: bool = False


async def check_commit(here: Visit, sha: str) -> None:
    """Refuse what is no commit here, or brings workflow files that the token may not write."""
    if await here.repo.bare.asks("cat-file", "-e", f"{sha}^{{commit}}") is None:
        raise GitHubError(422, "Object does not exist")
    words = ("log", "-m", "--format=", "--name-only", "--no-renames", sha, "--not")
    known = ("--branches", "--tags", "--", _WORKFLOWS)
    if await here.repo.bare.git(*words, *known):
        check_workflow(here, _WORKFLOWS)


def check_workflow(here: Visit, path: str) -> None:
    """Refuse a workflow file to a token without the right to write it."""
    token = here.token
    if token is None or not path.startswith(_WORKFLOWS):
        return
    if not token.covers(Permission.WORKFLOWS, Level.WRITE):
        here.request[ACCEPTED] = "contents=write,workflows=write"
        raise errors.inaccessible(token)


def check_rules(here: Visit, move: Move, *, status: int = 422, prefix: str = "") -> None:
    """Refuse what protection or a ruleset forbids, in the words of the one or the other."""
    if not move.ref.startswith(BRANCH):
        return
    branch = move.ref.removeprefix(BRANCH)
    update = Update(
        branch=branch,
        creation=move.old == NOTHING,
        deletion=move.new == NOTHING,
        forced=move.forced,
    )
    for rule in here.repo.rules:
        reason = "" if here.login in rule.bypass else objection(rule, update)
        if reason and rule.kind is RuleKind.RULESET:
            raise GitHubError(status, f"Repository rule violations found\n\n{reason}\n\n")
        if reason:
            raise GitHubError(status, f"{prefix}{reason}")


async def move(here: Visit, move: Move) -> None:
    """Move a ref if nothing forbids it, and let follow what follows from a push."""
    check_rules(here, move)
    here_default = BRANCH + here.repo.default_branch
    if move.new == NOTHING and move.ref == here_default:
        raise GitHubError(422, "Cannot delete the default branch")
    bare = here.repo.bare
    if move.new == NOTHING:
        await bare.git("update-ref", "-d", move.ref, move.old)
    elif await bare.asks("update-ref", move.ref, move.new, move.old) is None:
        raise GitHubError(422, "Reference cannot be updated")
    await record(here, move)


async def record(here: Visit, move: Move) -> None:
    """Note a move as a push."""
    push = Push(
        at=here.forge.now(),
        repository=here.repo.full_name,
        ref=move.ref,
        old=move.old,
        new=move.new,
        login=here.login,
        forced=move.forced,
    )
    await note_pushes(here.forge, here.repo, [push])
