"""A token that lacks one permission loses what needs it, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from docklet.adapters.github.forge import GitHubForge
from docklet.bot.status import StatusComment
from docklet.domain.errors import ForgeError
from docklet.domain.events import Ended, LogArrived, Planned
from docklet.domain.outcome import Outcome, Reason
from docklet.domain.secret import Secret
from docklet.render.links import Links
from docklet_sandbox.launch import running
from tests.builders import START, make_outcome, make_plan, make_trigger
from tests.contract.test_forge_budget import PatientClock
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docklet_sandbox.client import SandboxClient

REPO: Final = "mona/template"
TOKEN: Final = "ghs_narrow_" + "7f" * 20
BOT: Final = "github-actions[bot]"
LINKS: Final = Links(server_url="https://github.com", repository=REPO)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines."""
    with running(tmp_path_factory.mktemp("narrow") / "state", "--machines=none") as sandbox:
        yield sandbox
        assert sandbox.violations() == []


@pytest.fixture
def sandbox(started: SandboxClient) -> SandboxClient:
    """Return the sandbox with a repository."""
    started.reset()
    started.forge.create(REPO, {"a.txt": "1\n"})
    started.forge.commit(REPO, {"a.txt": "2\n"}, "results")
    return started


def _forge(sandbox: SandboxClient, clock: FakeClock, **grants: str) -> GitHubForge:
    """Return the adapter with a token that has these grants and no others."""
    sandbox.forge.token(TOKEN, BOT, grants)
    return GitHubForge(REPO, Secret(TOKEN), clock=clock, api_url=sandbox.addresses.forge_api)


def _pull(sandbox: SandboxClient) -> int:
    """Open a pull request from `results` and return its number."""
    found = sandbox.forge.call("pull", repo=REPO, head="results")
    return int(found)


async def _reported(sandbox: SandboxClient, **grants: str) -> list[str]:
    """Report a run on its commit with a token that has these grants."""
    return await _told(sandbox, grants)


async def _told(
    sandbox: SandboxClient,
    grants: Mapping[str, str],
    *,
    issue: int | None = None,
    log: bytes = b"",
    outcome: Outcome | None = None,
) -> list[str]:
    """Report a run with a token that has these grants; return what the user is told."""
    sha = sandbox.forge.head(REPO) or ""
    notices: list[str] = []
    clock = PatientClock(START)
    forge = _forge(sandbox, clock, **grants)
    status = StatusComment(forge, clock, LINKS, notice=notices.append)
    plan = make_plan(trigger=make_trigger(repository=REPO, sha=sha), sha=sha, issue=issue)
    status.notify(Planned(at=clock.now(), plan=plan))
    await clock.sleep(1)
    status.notify(LogArrived(at=clock.now(), data=log))
    status.notify(Ended(at=clock.now(), outcome=outcome or make_outcome()))
    await status.finish()
    return notices


async def test_without_statuses_there_is_a_comment(sandbox: SandboxClient) -> None:
    """The comment is kept up to date, and the user is told which line to add."""
    (notice,) = await _reported(sandbox, contents="write")
    (comment,) = sandbox.forge.comments(REPO)
    assert "✅" in comment["body"]
    assert sandbox.forge.statuses(REPO) == []
    assert "Add `statuses: write` to `permissions:` in the workflow" in notice


async def test_without_contents_there_is_a_status(sandbox: SandboxClient) -> None:
    """The commit status tells the end, and the user is told which line to add."""
    (notice,) = await _reported(sandbox, statuses="write")
    assert sandbox.forge.comments(REPO) == []
    assert [one["state"] for one in sandbox.forge.statuses(REPO)][-1] == "success"
    assert "Add `contents: write` to `permissions:` in the workflow" in notice


async def test_without_either_both_are_named(sandbox: SandboxClient) -> None:
    """Whoever adds one line need not run again to hear of the other."""
    notices = await _reported(sandbox)
    assert len(notices) == 2
    for permission in ("contents", "statuses"):
        line = f"Add `{permission}: write` to `permissions:`"
        assert sum(line in notice for notice in notices) == 1


async def test_locked_conversation_is_no_missing_permission(sandbox: SandboxClient) -> None:
    """A locked conversation is said to be one, and the status is set all the same."""
    sha = sandbox.forge.head(REPO)
    sandbox.forge.call("lock_commit", repo=REPO, sha=sha)
    (notice,) = await _reported(sandbox, contents="write", statuses="write")
    assert "locked" in notice
    assert "permissions:" not in notice
    assert [one["state"] for one in sandbox.forge.statuses(REPO)][-1] == "success"


async def test_switch_for_pull_requests_is_named(sandbox: SandboxClient) -> None:
    """Where workflows may open no pull requests, the switch is named and no permission."""
    sandbox.forge.call("configure", repo=REPO, actions_may_open_pulls=False)
    forge = _forge(sandbox, PatientClock(START), **{"pull-requests": "write"})
    with pytest.raises(ForgeError, match="Settings, Actions, General") as caught:
        await forge.open_pull_request(head="results", base="main", title="R", body="b")
    assert "permissions:" not in caught.value.message


@pytest.mark.parametrize("grant", ["pull-requests", "issues"])
async def test_either_grant_is_enough_for_a_pull_request(
    sandbox: SandboxClient, grant: str
) -> None:
    """The comment is in the conversation with either permission, and without `contents`."""
    number = _pull(sandbox)
    notices = await _told(sandbox, {"statuses": "write", grant: "write"}, issue=number)
    (comment,) = sandbox.forge.comments(REPO)
    shown = (comment["place"], comment["target"], comment["edits"])
    assert shown == ("issue", str(number), 1)
    assert "✅" in comment["body"]
    assert notices == []


@pytest.mark.parametrize("locked", [True, False])
async def test_shut_conversation_leaves_the_commit(
    sandbox: SandboxClient, *, locked: bool
) -> None:
    """Where the token may not talk, the commit has the comment, and the user hears why."""
    number = _pull(sandbox)
    grants = {"contents": "write", "statuses": "write"}
    if locked:
        grants["pull-requests"] = "write"
        sandbox.forge.call("lock", repo=REPO, number=number, locked=True)
    (notice,) = await _told(sandbox, grants, issue=number)
    (comment,) = sandbox.forge.comments(REPO)
    assert (comment["place"], comment["edits"]) == ("commit", 1)
    assert "✅" in comment["body"]
    assert ("unlock it" in notice) == locked
    assert ("`pull-requests: write`" in notice) != locked
    assert "The comment goes to the commit's page." in notice


async def test_failed_lines_are_marked_where_the_token_may(sandbox: SandboxClient) -> None:
    """A failed script's lines are marked with `checks: write`; without, nobody hears of it."""
    failed = make_outcome(reason=Reason.SCRIPT_EXIT, exit_code=1)
    log = b"run.sh: line 3: cd: /x: No such place\n"
    grants = {"contents": "write", "statuses": "write"}
    assert await _told(sandbox, grants, log=log, outcome=failed) == []
    assert sandbox.forge.checks(REPO) == []
    assert await _told(sandbox, {**grants, "checks": "write"}, log=log, outcome=failed) == []
    (check,) = sandbox.forge.checks(REPO)
    (line,) = check["annotations"]
    assert (line["path"], line["start_line"]) == ("inst/examples/run.sh", 3)
    assert check["details_url"].startswith("http")
    assert check["conclusion"] == "neutral"
