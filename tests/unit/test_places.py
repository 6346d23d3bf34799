"""One comment tells of a run, on its commit or in its pull request, whatever the forge does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from docklet.bot.mend import Mender
from docklet.domain.errors import ForgeError, ForgeGone, InvalidInputs
from docklet.domain.events import LogArrived, Phase
from docklet.domain.lost import forgotten
from docklet.domain.outcome import Reason
from docklet.domain.place import Place
from docklet.domain.secret import Secret
from docklet.domain.spec import CommentOn
from docklet.render.comment import comment, commit_of, is_open, marker, run_of
from docklet.render.mask import Mask, mask_of
from tests.builders import KEY, SHA, START, make_outcome, make_plan, make_progress, make_trigger
from tests.unit.test_pipeline_prepare import prepared
from tests.unit.test_status import LINKS, Run, short
from tests.worlds import make_world

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.domain.outcome import Outcome

PULL = 7
FAILED = {"reason": Reason.SCRIPT_EXIT, "exit_code": 3}
TRACEBACK = (
    b'Traceback (most recent call last):\n  File "run.py", line 5, in <module>\nKeyError: 1\n'
)
DENIED = ForgeError("The token may not.", reason=Reason.FORGE_DENIED)
DOWN = ForgeError("GitHub went on failing.")


def make_run(issue: int | None = PULL) -> Run:
    """Return a run that is reported in a pull request."""
    run = Run()
    run.plan = make_plan(issue=issue)
    return run


async def ended(run: Run, outcome: Outcome | None = None, log: bytes = b"") -> None:
    """Let a run go through its phases and end."""
    await run.phases(short(25))
    if log:
        run.tell(LogArrived, data=log)
    await run.end(outcome)


async def test_comment_in_the_pull_request() -> None:
    """There is one comment, in the conversation; the commit status leads there."""
    run = make_run()
    await run.phases({Phase.CREATE: 1})
    assert commit_of(run.comment) == SHA
    assert run.comment.startswith(marker(KEY))
    assert is_open(run.comment)
    await ended(run)
    assert list(run.forge.places.values()) == [Place(sha=SHA, issue=PULL)]
    assert "✅" in run.comment
    assert f"/pull/{PULL}#" in run.status.comment_url
    assert {target for *_, target in run.forge.statuses} == {run.status.comment_url}
    assert {sha for sha, *_ in run.forge.statuses} == {SHA}
    assert run.notices == []


@pytest.mark.parametrize("sha", [SHA, "a" * 64])
def test_comment_names_run_and_commit(sha: str) -> None:
    """Both are read back from a comment in a conversation, whatever git hashes with."""
    plan = make_plan(issue=PULL, trigger=make_trigger(sha=sha))
    body = comment(make_progress(plan=plan), now=START, links=LINKS)
    assert (run_of(body), commit_of(body)) == (KEY, sha)
    on_commit = comment(make_progress(), now=START, links=LINKS)
    assert (run_of(on_commit), commit_of(on_commit)) == (KEY, "")


@pytest.mark.parametrize("refusal", [DENIED, ForgeGone("There is no such conversation."), None])
async def test_shut_conversation_leaves_the_commit(refusal: ForgeError | None) -> None:
    """A conversation that is locked, gone or forbidden is told of; the commit has the comment."""
    run = make_run()
    if refusal is None:
        run.forge.locked.add(PULL)
    else:
        run.forge.failures["create_comment"] = [refusal]
    await ended(run)
    assert list(run.forge.places.values()) == [Place(sha=SHA)]
    assert "✅" in run.comment
    (notice,) = run.notices
    assert notice.endswith("The comment goes to the commit's page.")


async def test_all_shut_leaves_the_status() -> None:
    """Where nothing takes a comment the commit status tells the end, and the run goes on."""
    run = make_run()
    run.forge.locked |= {PULL, None}
    await ended(run)
    assert run.forge.comments == {}
    assert [state for _, state, *_ in run.forge.statuses] == ["pending", "success"]


async def test_conversation_is_locked_meanwhile() -> None:
    """A comment that can't be edited any more is not made a second time elsewhere."""
    run = make_run()
    await run.phases({Phase.CREATE: 1})
    run.forge.locked.add(PULL)
    await ended(run)
    assert len(run.forge.comments) == 1
    assert run.forge.calls.count("create_comment") == 1
    assert run.forge.statuses[-1][1] == "success"


@pytest.mark.parametrize("issue", [None, PULL])
async def test_comment_that_nobody_knew_of(issue: int | None) -> None:
    """One that was made though the forge never said so is found at the end, not made again."""
    run = make_run(issue)
    run.forge.lost_answers = 1
    await ended(run)
    assert len(run.forge.comments) == 1
    assert "✅" in run.comment
    assert run.status.comment_url


async def test_no_comment_on_doubt() -> None:
    """While nobody can say whether there is a comment, none is made beside it."""
    run = make_run()
    run.forge.lost_answers = 1
    run.forge.failures["find_comment"] = [DOWN]
    await ended(run)
    assert len(run.forge.comments) == 1


@pytest.mark.parametrize("issue", [None, PULL])
async def test_deleted_comment_costs_no_edits(issue: int | None) -> None:
    """A deleted comment is not edited on and on, and a new one is made at the end, once."""
    run = make_run(issue)
    await run.phases({Phase.CREATE: 1})
    await run.clock.sleep(1)
    run.forge.comments.clear()
    await ended(run)
    assert run.forge.calls.count("edit_comment") == 1
    assert run.forge.calls.count("create_comment") == 2
    assert "✅" in run.comment
    assert run.forge.statuses[-1][3] == run.status.comment_url
    assert run.notices == []


async def test_failed_lines_are_marked() -> None:
    """A failed script's lines are shown at the commit that ran, with the way to the comment."""
    run = make_run()
    run.plan = replace(run.plan, sha="3" * 40)
    await ended(run, make_outcome(**FAILED), TRACEBACK)
    (check,) = run.forge.checks
    assert (check.sha, check.run, check.target) == ("3" * 40, KEY, run.status.comment_url)
    (line,) = check.lines
    assert (line.path, line.line, line.message) == ("inst/examples/run.py", 5, "KeyError: 1")
    assert run.notices == []


@pytest.mark.parametrize(
    ("outcome", "log"),
    [({}, TRACEBACK), ({"reason": Reason.UNREACHABLE}, TRACEBACK), (FAILED, b"It broke.\n")],
    ids=["success", "not the script's fault", "no place"],
)
async def test_nothing_to_mark(outcome: dict[str, Any], log: bytes) -> None:
    """Nothing is marked without a script that failed and says where."""
    run = make_run()
    await ended(run, make_outcome(**outcome), log)
    assert "add_check" not in run.forge.calls


@pytest.mark.parametrize(("error", "notices"), [(DENIED, 0), (DOWN, 1)])
async def test_marks_are_a_bonus(error: ForgeError, notices: int) -> None:
    """A token that may mark nothing is not told of; another failure is, and costs nothing."""
    run = make_run()
    run.forge.failures["add_check"] = [error]
    await ended(run, make_outcome(**FAILED), TRACEBACK)
    assert "❌" in run.comment
    assert len(run.notices) == notices


async def test_marks_hide_secrets() -> None:
    """What may not be seen is blanked out of what is marked."""
    run = make_run()
    run.status = type(run.status)(
        run.forge, run.clock, LINKS, notice=run.notices.append, mask=mask_of((Secret("hunter22"),))
    )
    await ended(run, make_outcome(**FAILED), b"run.sh: line 2: hunter22: not found\n")
    (check,) = run.forge.checks
    assert "hunter22" not in repr(check)
    assert "not found" in check.lines[0].message


def mender(run: Run) -> Mender:
    """Return whoever reports for a process that is gone."""
    notice = run.notices.append
    return Mender(forge=run.forge, clock=run.clock, links=LINKS, mask=Mask(), notice=notice)


async def started(run: Run) -> None:
    """Let a run begin, and its process die."""
    await run.phases({Phase.CREATE: 1})
    await run.clock.sleep(1)


@pytest.mark.parametrize("issue", [None, PULL])
async def test_other_process_mends_the_comment(issue: int | None) -> None:
    """The comment is found where the plan says, edited, and none is made beside it."""
    run = make_run(issue)
    await started(run)
    await mender(run).finished(make_progress(outcome=make_outcome(), plan=run.plan))
    assert "✅" in run.comment
    assert run.forge.statuses[-1][:2] == (SHA, "success")


@pytest.mark.parametrize("gone", [[], [ForgeGone("There is no such conversation.")]])
async def test_other_process_finds_the_comment_on_the_commit(gone: list[Exception]) -> None:
    """A comment that the conversation did not take is found on the commit."""
    run = make_run()
    run.forge.locked.add(PULL)
    await started(run)
    run.forge.locked.clear()
    run.forge.failures["find_comment"] = gone
    await mender(run).finished(make_progress(outcome=make_outcome(), plan=run.plan))
    assert list(run.forge.places.values()) == [Place(sha=SHA)]
    assert "✅" in run.comment


async def test_other_process_marks_lines() -> None:
    """Whoever finishes a run marks its lines, but not where nothing is to be reported."""
    run = make_run()
    failed = make_progress(outcome=make_outcome(**FAILED), plan=run.plan, tail=TRACEBACK)
    await mender(run).finished(failed)
    assert len(run.forge.checks) == 1
    silent = make_plan(comment=CommentOn.NONE)
    await mender(run).finished(replace(failed, plan=silent))
    assert len(run.forge.checks) == 1


async def test_other_process_closes_a_comment_without_a_plan() -> None:
    """Found in the list of all conversations, a comment says itself which commit it is about."""
    run = make_run()
    await started(run)
    (found,) = await mender(run).open_comments(0.0, float("inf"))
    assert found.place == Place(issue=PULL)
    await mender(run).close(found, forgotten(KEY, None))
    assert not is_open(run.comment)
    assert run.forge.statuses[-1][:2] == (SHA, "error")


PLACED = [
    (CommentOn.COMMIT, {"issue": 5}, {SHA: PULL}, None),
    (CommentOn.NONE, {"issue": 5}, {SHA: PULL}, None),
    (CommentOn.AUTO, {}, {}, None),
    (CommentOn.AUTO, {}, {SHA: PULL}, PULL),
    (CommentOn.AUTO, {"issue": 5}, {SHA: PULL}, 5),
    (CommentOn.PULL_REQUEST, {}, {SHA: PULL}, PULL),
    (CommentOn.PULL_REQUEST, {"issue": 5}, {}, 5),
]


@pytest.mark.parametrize(("where", "trigger", "pulls", "issue"), PLACED)
async def test_where_the_comment_goes(
    tmp_path: Path,
    where: CommentOn,
    trigger: dict[str, object],
    pulls: dict[str, int],
    issue: int | None,
) -> None:
    """The pull request that asked comes first, then the commit's, then the commit; once."""
    world = make_world(tmp_path)
    world.forge.pulls = pulls
    plan = await prepared(world, trigger, comment=where)
    assert plan.place == Place(sha=SHA, issue=issue)
    looked = not trigger and where in {CommentOn.AUTO, CommentOn.PULL_REQUEST}
    assert world.forge.calls.count("pull_of") == looked


async def test_no_pull_request(tmp_path: Path) -> None:
    """Who insists on a pull request that is not there hears of it before anything costs money."""
    world = make_world(tmp_path)
    with pytest.raises(InvalidInputs, match="comment: No open pull request of octo/template"):
        await prepared(world, {}, comment=CommentOn.PULL_REQUEST)
    assert not {"create", "delete"} & set(world.cloud.calls)


@pytest.mark.parametrize("where", [CommentOn.AUTO, CommentOn.PULL_REQUEST])
@pytest.mark.parametrize("error", [DOWN, DENIED, ForgeGone("No such commit.")])
async def test_look_that_fails(tmp_path: Path, where: CommentOn, error: ForgeError) -> None:
    """A look for the pull request that fails leaves the commit, tells why, and ends no run."""
    world = make_world(tmp_path)
    world.forge.failures["pull_of"] = [error]
    plan = await prepared(world, {}, comment=where)
    assert plan.place == Place(sha=SHA)
    assert world.seen.notices.startswith(error.message)
    assert "commit's page" in world.seen.notices


async def test_place_follows_the_commit_that_asked(tmp_path: Path) -> None:
    """With another `ref` the comment stays where the run was asked for."""
    world = make_world(tmp_path)
    world.forge.revisions["v1"] = "a" * 40
    world.forge.pulls = {SHA: PULL, "a" * 40: 8}
    plan = await prepared(world, {}, comment=CommentOn.AUTO, ref="v1")
    assert (plan.sha, plan.place) == ("a" * 40, Place(sha=SHA, issue=PULL))
