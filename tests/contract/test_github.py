"""What every `Forge` does alike, and how the real one bears what GitHub and the network do."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from docklet.adapters.github.forge import GitHubForge
from docklet.domain.annotation import Annotation
from docklet.domain.diffstat import Lines
from docklet.domain.errors import ForgeError, ForgeGone
from docklet.domain.outcome import Reason
from docklet.domain.place import Place
from docklet.domain.secret import Secret
from docklet.domain.triage import Workflow
from docklet.ports import Check, Comment, Forge
from docklet_sandbox.launch import running
from tests.contract.sandbox_forge.plain import ask
from tests.fakes import FakeClock, FakeForge

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from docklet_sandbox.client import SandboxClient

REPO = "mona/template"
CANARY = "ghs_canary_" + "7f" * 20
GRANTS = {"contents": "write", "statuses": "write", "pull-requests": "write"}
MARKER = "<!-- docklet:0123456789abcdef0123 -->"
BODY = f"{MARKER}\nrunning"
KEYS = tuple(f"ssh-ed25519 AAAA{number}" for number in range(130))
TALK = "/api/v3/repos/{owner}/{repo}/issues/{issue_number}/comments"
ONE_OF_TALK = "/api/v3/repos/{owner}/{repo}/issues/comments/{comment_id}"
CHECKS = "/api/v3/repos/{owner}/{repo}/check-runs"
COMMENTS = "/api/v3/repos/{owner}/{repo}/commits/{commit_sha}/comments"
ONE_COMMENT = "/api/v3/repos/{owner}/{repo}/comments/{comment_id}"
STATUSES = "*/statuses/*"
PULLS = "*/pulls"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines."""
    with running(tmp_path_factory.mktemp("forge") / "state", "--machines=none") as sandbox:
        yield sandbox
        assert sandbox.violations() == []


@pytest.fixture
def sandbox(started: SandboxClient) -> SandboxClient:
    """Return the sandbox with a repository, a workflow's token and somebody with keys."""
    started.reset()
    started.forge.create(REPO, {"a.txt": "1\n"})
    started.forge.commit(REPO, {"a.txt": "2\n"}, "results")
    started.forge.token(CANARY, "github-actions[bot]", GRANTS)
    started.forge.call("user", login="hubot", keys=list(KEYS))
    return started


@pytest.fixture
def clock() -> FakeClock:
    """Let waiting take no time."""
    return FakeClock()


@pytest.fixture
def real(sandbox: SandboxClient, clock: FakeClock) -> GitHubForge:
    """Return the real adapter with a workflow's token."""
    return _forge(sandbox, clock)


@pytest.fixture(params=["fake", "github"])
def forge(request: pytest.FixtureRequest) -> Forge:
    """Offer each kind of forge in turn."""
    if request.param == "fake":
        fake = FakeForge()
        fake.keys["hubot"] = KEYS
        return fake
    found: GitHubForge = request.getfixturevalue("real")
    return found


@pytest.fixture
def sha(forge: Forge, request: pytest.FixtureRequest) -> str:
    """Return the commit that main is at."""
    if isinstance(forge, FakeForge):
        forge.revisions |= {"main": "1" * 40, "1" * 40: "1" * 40}
        return "1" * 40
    return _head(request.getfixturevalue("sandbox"))


@pytest.fixture(params=["commit", "pull"])
async def place(forge: Forge, sha: str, request: pytest.FixtureRequest) -> Place:
    """Return a commit's page and a pull request's conversation in turn."""
    if request.param == "commit":
        return Place(sha=sha)
    url = await forge.open_pull_request(head="results", base="main", title="R", body="b")
    return Place(sha=sha, issue=int(url.rpartition("/")[2]))


def _forge(sandbox: SandboxClient, clock: FakeClock, token: str = CANARY) -> GitHubForge:
    api = sandbox.addresses.forge_api
    return GitHubForge(REPO, Secret(token), clock=clock, api_url=api)


def _head(sandbox: SandboxClient) -> str:
    head = sandbox.forge.head(REPO)
    assert head is not None
    return head


def _calls(sandbox: SandboxClient) -> list[str]:
    return [entry["method"] for entry in sandbox.journal("forge")]


async def test_resolve(forge: Forge, sha: str) -> None:
    """A branch and a SHA are resolved, what is not there is gone."""
    assert await forge.resolve("main") == sha
    assert await forge.resolve(sha) == sha
    with pytest.raises(ForgeGone):
        await forge.resolve("no/such")


async def test_lines_are_counted(sandbox: SandboxClient, real: GitHubForge) -> None:
    """Each text has its lines; a binary file has none, and a renamed one those that differ."""
    poem = "".join(f"line {n}\n" for n in range(20))
    sandbox.forge.commit(REPO, {"poem.txt": poem, "a.csv": "1\n2\n3\n", "gone": "x\ny\n"})
    blob = bytes(range(256))
    files = {"a.csv": "1\n4\n5\n6\n", "gone": None, "new \u00fc.md": "# New\n", "b.png": blob}
    moved = {"poem.txt": None, "old/poem.txt": f"{poem}end\n"}
    sha = sandbox.forge.commit(REPO, {**files, **moved})
    found = await real.count_lines(sha)
    assert found.files == {
        "a.csv": Lines(added=3, removed=2),
        "gone": Lines(added=0, removed=2),
        "new \u00fc.md": Lines(added=1, removed=0),
        "old/poem.txt": Lines(added=1, removed=0),
    }
    assert found.total == Lines(added=5, removed=4)


async def test_more_files_than_a_page_has(sandbox: SandboxClient, real: GitHubForge) -> None:
    """One request is made, and the total is of all files."""
    sha = sandbox.forge.commit(REPO, {f"many/{n:03}.txt": "1\n" for n in range(310)})
    asked = len(_calls(sandbox))
    found = await real.count_lines(sha)
    assert len(_calls(sandbox)) == asked + 1
    assert (len(found.files), found.total) == (100, Lines(added=310, removed=0))


@pytest.mark.parametrize(
    "answer",
    [
        {"sha": "1" * 40},
        {"stats": {"additions": "1", "deletions": 0}, "files": []},
        {"stats": {"additions": 1, "deletions": 0}, "files": [{"filename": 1}]},
        {"stats": None, "files": None},
    ],
    ids=str,
)
async def test_lines_that_are_none(
    sandbox: SandboxClient, real: GitHubForge, answer: dict[str, object]
) -> None:
    """An answer without figures is an error that can be explained."""
    route = "/api/v3/repos/{owner}/{repo}/commits/{ref}"
    sandbox.fault("200", service="forge", method="GET", route=route, body=answer, count=9)
    with pytest.raises(ForgeError, match="no usable answer when asked to count the lines"):
        await real.count_lines(_head(sandbox))


async def test_default_branch(forge: Forge) -> None:
    """The default branch has a name."""
    assert await forge.default_branch() == "main"


async def test_comment_lives(forge: Forge, place: Place) -> None:
    """A comment is created and edited; its page can be linked to."""
    comment = await forge.create_comment(place, BODY, marker=MARKER)
    page = f"/commit/{place.sha}#" if place.issue is None else f"/pull/{place.issue}#"
    assert page in comment.url
    assert comment.place == place
    await forge.edit_comment(comment, f"{MARKER}\ndone")
    found = await forge.find_comment(place, MARKER)
    assert found is not None
    assert found.body.endswith("done")
    with pytest.raises(ForgeGone):
        await forge.edit_comment(replace(comment, comment_id=999_999), "x")


async def test_status(forge: Forge, sha: str) -> None:
    """A status is set as often as is wanted, with a target or without."""
    await forge.set_status(sha, "pending", "running", "https://example.com/run")
    await forge.set_status(sha, "success", "done", "")


async def test_pull_request_twice(forge: Forge) -> None:
    """A second pull request for the same branches is the first one."""
    first = await forge.open_pull_request(head="results", base="main", title="R", body="b")
    again = await forge.open_pull_request(head="results", base="main", title="S", body="c")
    assert first == again
    assert "/pull/" in first


async def test_public_keys(forge: Forge) -> None:
    """All pages of somebody's keys are read; nobody's are gone."""
    assert await forge.public_keys("hubot") == KEYS
    with pytest.raises(ForgeGone):
        await forge.public_keys("nobody")


async def test_each_call_is_one_request(sandbox: SandboxClient, real: GitHubForge) -> None:
    """Nothing is asked for that was not asked."""
    sha = _head(sandbox)
    steps: list[Callable[[], Coroutine[Any, Any, object]]] = [
        lambda: real.resolve("main"),
        real.default_branch,
        lambda: real.create_comment(Place(sha=sha), BODY, marker=MARKER),
        lambda: real.set_status(sha, "pending", "running", ""),
        lambda: real.edit_comment(_only_comment(sandbox), "x"),
        lambda: real.open_pull_request(head="results", base="main", title="R", body="b"),
        lambda: real.public_keys("mona"),
    ]
    for number, step in enumerate(steps, start=1):
        await step()
        assert len(_calls(sandbox)) == number
    (status,) = sandbox.forge.statuses(REPO)
    assert (status["context"], status["state"]) == ("docklet", "pending")


def _only_comment(sandbox: SandboxClient) -> Comment:
    (one,) = sandbox.forge.comments(REPO)
    return Comment(comment_id=one["id"], url="", place=Place(sha=one["target"]))


async def _conversation(real: GitHubForge, sandbox: SandboxClient, route: str) -> Place:
    """Return the place that has its comments at a route."""
    sha = _head(sandbox)
    if route == COMMENTS:
        return Place(sha=sha)
    url = await real.open_pull_request(head="results", base="main", title="R", body="b")
    return Place(sha=sha, issue=int(url.rpartition("/")[2]))


@pytest.mark.parametrize("route", [COMMENTS, TALK], ids=["commit", "pull"])
@pytest.mark.parametrize(
    "fault", ["commit_then_drop", "commit_then_502", "commit_then_garbage", "drop", "502", "503"]
)
async def test_exactly_one_comment(
    sandbox: SandboxClient, real: GitHubForge, fault: str, route: str
) -> None:
    """However the answer is lost, there is one comment in the end, and it is the one returned."""
    place = await _conversation(real, sandbox, route)
    sandbox.fault(fault, service="forge", method="POST", route=route)
    comment = await real.create_comment(place, BODY, marker=MARKER)
    assert [one["id"] for one in sandbox.forge.comments(REPO)] == [comment.comment_id]


@pytest.mark.parametrize("flavour", ["null", "empty"])
async def test_nothing_is_no_list(sandbox: SandboxClient, real: GitHubForge, flavour: str) -> None:
    """An answer without any content does not mean that the comment is not there."""
    place = await _conversation(real, sandbox, COMMENTS)
    sandbox.fault("commit_then_502", service="forge", method="POST", route=COMMENTS)
    sandbox.fault("garbage", service="forge", method="GET", route=COMMENTS, flavour=flavour)
    comment = await real.create_comment(place, BODY, marker=MARKER)
    assert [one["id"] for one in sandbox.forge.comments(REPO)] == [comment.comment_id]


@pytest.mark.parametrize("route", [COMMENTS, TALK], ids=["commit", "pull"])
async def test_comment_on_a_later_page(
    sandbox: SandboxClient, real: GitHubForge, route: str
) -> None:
    """A lost comment is found behind any number of others."""
    place = await _conversation(real, sandbox, route)
    sandbox.forge.call("limits", writes_per_minute=1000)
    for number in range(101):
        await real.create_comment(place, f"talk {number}", marker="talk")
    sandbox.fault("commit_then_502", service="forge", method="POST", route=route)
    comment = await real.create_comment(place, BODY, marker=MARKER)
    assert sandbox.forge.comments(REPO)[-1]["id"] == comment.comment_id
    assert len(sandbox.forge.comments(REPO)) == 102


async def test_lost_for_good(sandbox: SandboxClient, real: GitHubForge) -> None:
    """After six tries the forge is given up, in sentences."""
    sandbox.fault("500", service="forge", method="POST", route=COMMENTS, count=99)
    with pytest.raises(ForgeError, match="went on failing"):
        await real.create_comment(Place(sha=_head(sandbox)), BODY, marker=MARKER)
    assert _calls(sandbox).count("POST") == 6


async def test_somebody_elses_comment(sandbox: SandboxClient, clock: FakeClock) -> None:
    """A person's token does not take a comment of somebody else's for its own."""
    sha = _head(sandbox)
    theirs = await _forge(sandbox, clock).create_comment(Place(sha=sha), BODY, marker=MARKER)
    person = _forge(sandbox, clock, sandbox.addresses.forge_token)
    sandbox.fault("502", service="forge", method="POST", route=COMMENTS)
    ours = await person.create_comment(Place(sha=sha), BODY, marker=MARKER)
    assert ours.comment_id != theirs.comment_id


@pytest.mark.parametrize(
    ("route", "edited"), [(COMMENTS, ONE_COMMENT), (TALK, ONE_OF_TALK)], ids=["commit", "pull"]
)
@pytest.mark.parametrize("fault", ["502", "503", "drop", "garbage", "commit_then_drop", "429"])
async def test_edit_is_repeated(
    sandbox: SandboxClient, real: GitHubForge, fault: str, route: str, edited: str
) -> None:
    """An edit that did not get through is sent again."""
    place = await _conversation(real, sandbox, route)
    comment = await real.create_comment(place, BODY, marker=MARKER)
    sandbox.fault(fault, service="forge", method="PATCH", route=edited, count=3)
    await real.edit_comment(comment, f"{MARKER}\ndone")
    assert sandbox.forge.comments(REPO)[0]["body"].endswith("done")


async def test_one_pull_request(sandbox: SandboxClient, real: GitHubForge) -> None:
    """A lost answer does not make two pull requests."""
    sandbox.fault("commit_then_drop", service="forge", method="POST", route=PULLS)
    url = await real.open_pull_request(head="results", base="main", title="R", body="b")
    (pull,) = sandbox.forge.pulls(REPO)
    assert url.endswith(f"/pull/{pull['number']}")


async def test_waiting_as_long_as_asked(
    sandbox: SandboxClient, real: GitHubForge, clock: FakeClock
) -> None:
    """A burst limit is waited out on the clock; an hour's limit is not."""
    before = clock.now()
    limited = {"message": "You have exceeded a secondary rate limit."}
    sandbox.fault(
        "403", service="forge", route=STATUSES, body=limited, headers={"Retry-After": "60"}
    )
    await real.set_status(_head(sandbox), "pending", "running", "")
    assert clock.now() - before >= 60
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(clock.now()) + 3000)}
    exceeded = {"message": "API rate limit exceeded for installation."}
    sandbox.fault("403", service="forge", route=STATUSES, body=exceeded, headers=reset)
    with pytest.raises(ForgeError, match="limit for requests is used up"):
        await real.set_status(_head(sandbox), "pending", "running", "")


async def test_cancel_at_once(sandbox: SandboxClient, real: GitHubForge) -> None:
    """A mute forge does not hold up somebody who has stopped waiting."""
    sandbox.fault("black_hole", service="forge", route=STATUSES)
    task = asyncio.create_task(real.set_status(_head(sandbox), "pending", "running", ""))
    await asyncio.sleep(0.3)
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - begun < 0.5


@pytest.mark.parametrize("permission", [f"{name}: write" for name in GRANTS])
async def test_missing_permission(
    sandbox: SandboxClient, real: GitHubForge, permission: str
) -> None:
    """What the token lacks is named, in the words of a workflow."""
    name = permission.partition(":")[0]
    sandbox.forge.token(CANARY, "github-actions[bot]", {**GRANTS, name: "none"})
    sha = _head(sandbox)
    steps: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "contents": lambda: real.create_comment(Place(sha=sha), BODY, marker=MARKER),
        "statuses": lambda: real.set_status(sha, "pending", "running", ""),
        "pull-requests": lambda: real.open_pull_request(
            head="results", base="main", title="R", body="b"
        ),
    }
    with pytest.raises(ForgeError, match=permission) as caught:
        await steps[name]()
    assert caught.value.reason is Reason.FORGE_DENIED


async def test_token_that_nobody_knows(sandbox: SandboxClient, clock: FakeClock) -> None:
    """A wrong token is the user's matter."""
    with pytest.raises(ForgeError, match="did not accept the token") as caught:
        await _forge(sandbox, clock, "wrong").default_branch()
    assert caught.value.reason is Reason.FORGE_DENIED


async def test_commit_that_is_gone(real: GitHubForge) -> None:
    """A commit that the forge has no longer is gone, whatever its status code."""
    with pytest.raises(ForgeGone):
        await real.create_comment(Place(sha="2" * 40), BODY, marker=MARKER)
    with pytest.raises(ForgeGone):
        await real.set_status("2" * 40, "pending", "running", "")


async def test_pull_request_of_nothing(real: GitHubForge) -> None:
    """A pull request that can't be is refused in GitHub's own words."""
    with pytest.raises(ForgeError, match="422"):
        await real.open_pull_request(head="no-such", base="main", title="R", body="b")


async def test_forge_that_is_away(clock: FakeClock) -> None:
    """Nobody at the address: the user is told where to look."""
    forge = GitHubForge(REPO, Secret(CANARY), clock=clock, api_url="http://127.0.0.1:9/api/v3")
    with pytest.raises(ForgeError, match="GITHUB_API_URL"):
        await forge.default_branch()


async def test_token_is_not_shown(
    sandbox: SandboxClient,
    real: GitHubForge,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The token is in no log line, at whatever level, and in no error."""
    caplog.set_level(logging.DEBUG)
    await real.set_status(_head(sandbox), "pending", "running", "")
    sandbox.forge.call("revoke", secret=CANARY)
    with pytest.raises(ForgeError) as caught:
        await real.default_branch()
    chain = [caught.value, caught.value.__cause__]
    assert caplog.records
    assert "canary" not in caplog.text
    assert "canary" not in "".join(f"{error!r}{error}" for error in chain)


async def test_comments_are_found(forge: Forge, place: Place) -> None:
    """A comment is found by its marker where it is, and among the latest in the repository."""
    made = await forge.create_comment(place, BODY, marker=MARKER)
    found = await forge.find_comment(place, MARKER)
    assert found is not None
    assert (found.comment_id, found.place, found.body) == (made.comment_id, place, BODY)
    assert await forge.find_comment(place, "<!-- docklet:other -->") is None
    second = await forge.create_comment(place, f"{MARKER}\nsecond", marker=MARKER)
    recent = await forge.recent_comments(1000.0)
    assert {one.comment_id for one in recent} == {second.comment_id, made.comment_id}
    assert {one.place.issue for one in recent} == {place.issue}
    assert {one.place.sha for one in recent} == {"" if place.issue else place.sha}


async def test_comment_is_not_looked_for_elsewhere(forge: Forge, sha: str) -> None:
    """A comment on the commit is none of the pull request's, and the other way round."""
    url = await forge.open_pull_request(head="results", base="main", title="R", body="b")
    places = (Place(sha=sha), Place(sha=sha, issue=int(url.rpartition("/")[2])))
    for here, there in (places, places[::-1]):
        mark = f"<!-- docklet:{here.issue} -->"
        await forge.create_comment(here, f"{mark}\n", marker=mark)
        assert await forge.find_comment(here, mark) is not None
        assert await forge.find_comment(there, mark) is None


@pytest.mark.parametrize("route", [COMMENTS, TALK], ids=["commit", "pull"])
async def test_recent_comments_end_somewhere(
    real: GitHubForge, sandbox: SandboxClient, clock: FakeClock, route: str
) -> None:
    """What is older is not read, and what others wrote is not ours."""
    place = await _conversation(real, sandbox, route)
    eve = _eve(sandbox, clock)
    await eve.create_comment(place, BODY, marker=MARKER)
    made = await real.create_comment(place, BODY, marker=MARKER)
    assert [one.comment_id for one in await real.recent_comments(1000.0)] == [made.comment_id]
    assert await real.recent_comments(time.time() + 60) == ()


@pytest.mark.parametrize("route", [COMMENTS, TALK], ids=["commit", "pull"])
async def test_copied_marker(
    real: GitHubForge, sandbox: SandboxClient, clock: FakeClock, route: str
) -> None:
    """Somebody who copies the marker of a run into a comment has none of ours."""
    place = await _conversation(real, sandbox, route)
    await _eve(sandbox, clock).create_comment(place, BODY, marker=MARKER)
    assert await real.find_comment(place, MARKER) is None


async def test_recent_comments_without_conversations(
    real: GitHubForge, sandbox: SandboxClient
) -> None:
    """A token that may not read conversations is shown the comments on commits."""
    made = await real.create_comment(Place(sha=_head(sandbox)), BODY, marker=MARKER)
    sandbox.forge.call("configure", repo=REPO, private=True)
    sandbox.forge.token(CANARY, "github-actions[bot]", {"contents": "read"})
    assert [one.comment_id for one in await real.recent_comments(1000.0)] == [made.comment_id]


def _eve(sandbox: SandboxClient, clock: FakeClock) -> GitHubForge:
    """Return the adapter with a stranger's token."""
    sandbox.forge.token("eves-token", "eve", GRANTS, kind="fine")
    return _forge(sandbox, clock, "eves-token")


async def test_pull_request_of_a_commit(sandbox: SandboxClient, real: GitHubForge) -> None:
    """A commit belongs to the open pull request that ends with it, and to no other."""
    first = sandbox.forge.commit(REPO, {"b.txt": "1\n"}, "work")
    head = sandbox.forge.commit(REPO, {"b.txt": "2\n"}, "work")
    assert await real.pull_of(head) is None
    url = await real.open_pull_request(head="work", base="main", title="R", body="b")
    number = int(url.rpartition("/")[2])
    assert await real.pull_of(head) == number
    assert await real.pull_of(first) is None
    assert await real.pull_of(_head(sandbox)) is None
    path = f"/repos/{REPO}/pulls/{number}"
    _ask(sandbox, "PATCH", path, {"state": "closed"})
    assert await real.pull_of(head) is None


def _ask(sandbox: SandboxClient, method: str, path: str, body: dict[str, str]) -> None:
    """Change something on the forge as its owner."""
    answer = ask(
        method, sandbox.addresses.forge_api + path, body, token=sandbox.addresses.forge_token
    )
    assert answer.status < 300


def _check(sha: str, run: str = "run") -> Check:
    """Return a check run with a few annotations."""
    lines = tuple(Annotation(path="a.txt", line=line, message=f"wrong {line}") for line in (1, 2))
    return Check(sha=sha, run=run, title="T", summary="S", target="", lines=lines)


@pytest.mark.parametrize("fault", [None, "commit_then_drop", "commit_then_502", "502", "drop"])
async def test_exactly_one_check(
    sandbox: SandboxClient, real: GitHubForge, fault: str | None
) -> None:
    """However the answer is lost, a run has one check run, which fails nothing."""
    sandbox.forge.token(CANARY, "github-actions[bot]", {**GRANTS, "checks": "write"})
    sha = _head(sandbox)
    await real.add_check(_check(sha, "another"))
    if fault is not None:
        sandbox.fault(fault, service="forge", method="POST", route=CHECKS)
    await real.add_check(_check(sha))
    _, one = sandbox.forge.checks(REPO)
    assert (one["sha"], one["name"], one["conclusion"]) == (sha, "docklet", "neutral")
    assert one["external_id"] == "run"
    shown = [(line["path"], line["start_line"], line["message"]) for line in one["annotations"]]
    assert shown == [("a.txt", 1, "wrong 1"), ("a.txt", 2, "wrong 2")]


async def test_check_behind_a_later_one(sandbox: SandboxClient, real: GitHubForge) -> None:
    """A run's check run is found though another run's has come after it."""
    sandbox.forge.token(CANARY, "github-actions[bot]", {**GRANTS, "checks": "write"})
    sha = _head(sandbox)
    for run in ("run", "another"):
        await real.add_check(_check(sha, run))
    sandbox.fault("502", service="forge", method="POST", route=CHECKS)
    await real.add_check(_check(sha, "run"))
    assert len(sandbox.forge.checks(REPO)) == 2


async def test_check_without_the_permission(
    sandbox: SandboxClient, real: GitHubForge, clock: FakeClock
) -> None:
    """A workflow's token that lacks it, and every person's, is refused at once."""
    for forge in (real, _forge(sandbox, clock, sandbox.addresses.forge_token)):
        before = clock.now()
        with pytest.raises(ForgeError) as caught:
            await forge.add_check(_check(_head(sandbox)))
        assert caught.value.reason is Reason.FORGE_DENIED
        assert clock.now() == before


@pytest.mark.parametrize(
    ("facts", "workflow"),
    [
        ({"status": "in_progress"}, Workflow.GOING),
        ({"status": "queued"}, Workflow.GOING),
        ({"status": "completed", "conclusion": "cancelled"}, Workflow.CANCELLED),
        ({"status": "completed", "conclusion": "failure"}, Workflow.OVER),
        (None, Workflow.UNKNOWN),
    ],
    ids=str,
)
async def test_workflow_run(
    sandbox: SandboxClient, clock: FakeClock, facts: dict[str, str] | None, workflow: Workflow
) -> None:
    """A workflow run goes on, was cancelled, is over, or is nothing that we may see."""
    sandbox.forge.token(CANARY, "github-actions[bot]", {**GRANTS, "actions": "read"})
    if facts is not None:
        sandbox.forge.call("run", repo=REPO, id=42, head_sha=_head(sandbox), **facts)
    assert await _forge(sandbox, clock).workflow_run(42) is workflow


async def test_workflow_run_that_the_token_may_not_see(real: GitHubForge) -> None:
    """Without the permission nothing is known, and nothing is raised."""
    assert await real.workflow_run(42) is Workflow.UNKNOWN
