"""Bring results into the repository: on the branch, else on one of their own, else as an archive.

Never by force. A lost race is run again; a conflict or a refusal leads to the run's own branch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from docklet.domain.backoff import jittered
from docklet.domain.errors import ForgeError, GitError
from docklet.domain.events import Noticed, Phase
from docklet.domain.leak import search_for
from docklet.domain.outcome import Committed, LeftOut, Published
from docklet.domain.spec import Push
from docklet.pipeline.stopped import called
from docklet.ports import PushAnswer, PushVerdict
from docklet.render.fence import fenced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence
    from pathlib import Path

    from docklet.domain.plan import Plan
    from docklet.domain.secret import Secret
    from docklet.pipeline.world import World
    from docklet.ports import Change, CommitMessage, Git, Results

ATTEMPTS: Final = 6
"""Pushes to one branch before the run's own branch is used."""
_WORTH_ANOTHER_TRY: Final = {PushVerdict.RACED, PushVerdict.ROOTLESS, PushVerdict.UNKNOWN}
NAMED: Final = 3
"""Paths that a notice names."""
TOO_MANY: Final = 1000
"""Changed paths beyond this number are counted, not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What is to be published, and where."""

    plan: Plan
    git: Git
    results: Results
    changes: Sequence[Change]
    """Those results that differ from the commit that ran."""
    message: CommitMessage
    archive: Path
    begun: str
    """The commit since which changes of somebody else's on the branch count."""
    since: float | None = None
    """Epoch second since which another process may have pushed these results; None if none."""


async def read_results(
    plan: Plan, git: Git, archive: Path, secrets: Mapping[str, Secret]
) -> tuple[Results, Sequence[Change]]:
    """Store the archive's files in the clean git directory; return those that change anything.

    What holds one of `secrets`, or a value that the script was given, is left out.
    """
    held = {**secrets, **plan.spec.env}
    if plan.spec.registry is not None:
        held["registry-password"] = plan.spec.registry.password
    results = await git.import_results(archive, plan.sha, search_for(held))
    return results, await git.effective(plan.sha, results.changes)


async def publish(work: Publication, world: World, *, succeeded: bool) -> Published:
    """Put the results where they belong and say where that is.

    The archive is removed only when the repository has all that it holds.
    """
    if not work.changes or work.plan.spec.push is Push.NONE:
        return _published(work, "", "")
    with world.phase(Phase.PUSH):
        work = await _uploaded(work)
        if not work.changes:
            return _published(work, "", "")
        published = await _publish(work, world, succeeded=succeeded)
        told = await _told(work.git, published.commit)
        return replace(published, files=told.files, others=told.others)


async def _told(git: Git, commit: str) -> Committed:
    """Return what a commit changes, for the report; one that can't be read is no failure."""
    try:
        return await git.committed(commit) if commit else Committed()
    except GitError:
        return Committed()


async def _uploaded(work: Publication) -> Publication:
    """Upload what belongs into Git LFS; what can't be is left out, never the rest."""
    failed = await work.git.upload(work.changes)
    if not failed:
        return work
    kept = tuple(change for change in work.changes if change.path not in failed)
    left_out = (
        LeftOut(path=_text(path), reason=reason, archived=True) for path, reason in failed.items()
    )
    results = replace(work.results, left_out=(*work.results.left_out, *left_out))
    return replace(work, changes=kept, results=results)


async def _publish(work: Publication, world: World, *, succeeded: bool) -> Published:
    """Try the branch, then the run's own branch."""
    plan = work.plan
    if succeeded and plan.spec.push is Push.BRANCH:
        sha = await _tried(_there_already(work), world)
        if not sha and await _may_push(work, world):
            sha = await _tried(_to_branch(work, world), world)
        if sha:
            return _published(work, plan.branch, sha, as_asked=True)
    sha = await _tried(_to_own_branch(work, world), world)
    if not sha:
        return _published(work, "", "")
    request = ""
    if succeeded and plan.spec.push is Push.PULL_REQUEST and await _may_push(work, world):
        request = await _pull_request(work, world)
    return _published(work, plan.fallback_branch, sha, request, as_asked=bool(request))


async def _may_push(work: Publication, world: World) -> bool:
    """Ask whether the results may go where they should; tell when they may not (any more)."""
    why = await world.may_push()
    if why:
        _notice(world, f"The results do not go to {work.plan.branch}. {why}")
    return not why


async def _tried(attempt: Awaitable[str], world: World) -> str:
    """Return the commit that was pushed; "" when git can't, since there is another way."""
    try:
        return await attempt
    except GitError as error:
        _notice(world, error.message)
        return ""


async def _there_already(work: Publication) -> str:
    """Return the results commit that another process pushed; "" when there is none."""
    if work.since is None:
        return ""
    run = work.plan.identity.key
    return await work.git.find_run(work.plan.branch, run, work.since) or ""


async def _to_branch(work: Publication, world: World) -> str:
    """Commit on the branch's tip and push, again when somebody was faster; "" if it can't be."""
    for _ in range(ATTEMPTS):
        tip = await work.git.fetch(work.plan.branch) or _beginning(work.plan)
        if not tip:
            _notice(world, f"The branch {work.plan.branch} is gone.")
            return ""
        theirs = await _conflicts(work, tip)
        if theirs:
            _notice(world, f"Somebody changed {_listed(theirs)} on {work.plan.branch} meanwhile.")
            return ""
        changes = await work.git.effective(tip, work.changes)
        if not changes:
            return tip
        sha = await work.git.commit(tip, changes, work.message)
        answer = await _push(work.git, sha, work.plan.branch)
        if answer.verdict is PushVerdict.ACCEPTED:
            return sha
        if answer.verdict not in _WORTH_ANOTHER_TRY:
            _notice(world, f"The branch {work.plan.branch} was not pushed: {answer.detail}")
            return ""
        await world.clock.sleep(jittered(1.0, world.clock.random()))
    _notice(world, f"The push to {work.plan.branch} lost {ATTEMPTS} races.")
    return ""


def _beginning(plan: Plan) -> str:
    """Return where a branch begins that the user named and that is not there; else nothing.

    The triggering branch was there, so somebody deleted it and would not want it back.
    """
    return plan.sha if plan.spec.branch else ""


async def _to_own_branch(work: Publication, world: World) -> str:
    """Commit on the commit that ran and push to the run's own branch; "" if it can't be."""
    if work.since is not None:
        tip = await work.git.fetch(work.plan.fallback_branch)
        if tip and not await work.git.effective(tip, work.changes):
            return tip
    sha = await work.git.commit(work.plan.sha, work.changes, work.message)
    answer = PushAnswer(verdict=PushVerdict.UNKNOWN)
    for _ in range(ATTEMPTS):
        answer = await _push(work.git, sha, work.plan.fallback_branch)
        if answer.verdict is PushVerdict.ACCEPTED:
            return sha
        if answer.verdict not in _WORTH_ANOTHER_TRY:
            break
        if answer.verdict is PushVerdict.ROOTLESS:
            sha = await _transplanted(work) or sha
        await world.clock.sleep(jittered(2.0, world.clock.random()))
    _notice(world, f"The branch {work.plan.fallback_branch} was not pushed: {answer.detail}")
    return ""


async def _transplanted(work: Publication) -> str:
    """Commit on the branch's tip instead, as the forge has lost the commit that ran."""
    tip = await work.git.fetch(work.plan.branch) if work.plan.branch else None
    return await work.git.commit(tip, work.changes, work.message) if tip else ""


async def _push(git: Git, sha: str, branch: str) -> PushAnswer:
    """Push; when the answer was lost, look whether the push took effect."""
    answer = await git.push(sha, branch)
    if answer.verdict is not PushVerdict.UNKNOWN:
        return answer
    try:
        arrived = await git.remote_head(branch) == sha
    except GitError:
        return answer
    return PushAnswer(verdict=PushVerdict.ACCEPTED) if arrived else answer


async def _conflicts(work: Publication, tip: str) -> tuple[bytes, ...]:
    """Return the paths that both this run and the branch changed, differently, since it began."""
    if tip == work.begun:
        return ()
    theirs = await work.git.changed_paths(work.begun, tip)
    directories = {above for path in theirs for above in _above(path)}
    ours = tuple(
        change
        for change in work.changes
        if change.path in theirs
        or change.path in directories
        or not theirs.isdisjoint(_above(change.path))
    )
    return tuple(change.path for change in await work.git.effective(tip, ours))


def _above(path: bytes) -> tuple[bytes, ...]:
    """Return the directories that `path` is in."""
    parts = path.split(b"/")
    return tuple(b"/".join(parts[:count]) for count in range(1, len(parts)))


async def _pull_request(work: Publication, world: World) -> str:
    """Propose the run's own branch; return the URL, or nothing when the forge says no."""
    plan = work.plan
    title, _, body = work.message.text.partition("\n\n")
    try:
        return await world.forge.open_pull_request(
            head=plan.fallback_branch, base=plan.branch, title=title, body=fenced(body.strip())
        )
    except ForgeError as error:
        _notice(world, f"The results are pushed, but no pull request was opened: {error.message}")
        return ""


def _published(
    work: Publication, branch: str, sha: str, request: str = "", *, as_asked: bool = False
) -> Published:
    """Describe what is where; drop the archive when the repository has it all."""
    archived = any(one.archived for one in work.results.left_out)
    needed = archived or (bool(work.changes) and not sha)
    if not needed:
        work.archive.unlink(missing_ok=True)
    return Published(
        branch=branch,
        as_asked=as_asked,
        commit=sha,
        pull_request=request,
        changed=tuple(_text(change.path) for change in work.changes[:TOO_MANY]),
        more_changed=max(0, len(work.changes) - TOO_MANY),
        left_out=work.results.left_out,
        archive=called(work.archive) if needed else "",
    )


def _listed(paths: tuple[bytes, ...]) -> str:
    """Name a few paths."""
    named = ", ".join(_text(path) for path in paths[:NAMED])
    return named if len(paths) <= NAMED else f"{named} and {len(paths) - NAMED} more"


def _text(path: bytes) -> str:
    """Return a path as text that can be printed."""
    return path.decode(errors="backslashreplace")


def _notice(world: World, message: str) -> None:
    """Tell the user something that ends nothing."""
    world.tell(Noticed(at=world.clock.now(), message=message))
