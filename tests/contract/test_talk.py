"""What every `Talk` does alike, and what only the forge's own answers show."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from docklet.adapters.github.talk import GitHubTalk
from docklet.domain.errors import ForgeError, ForgeGone, ForgeLacks
from docklet.domain.policy import Arrival, Head, Role, Standing
from docklet.domain.secret import Secret
from docklet.ports.talk import Kept, Reaction, Talk
from docklet_sandbox.launch import running
from tests.fakes import FakeClock
from tests.fakes.talk import FakeTalk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.client import SandboxClient

REPO = "mona/template"
TOKEN = "ghs_talk_" + "7f" * 20
ADMIN = "ghp_talk_" + "7f" * 16
GRANTS = {"contents": "write", "pull-requests": "write"}
PUSHED = 1_700_000_000.0
LATER = "README.md"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines."""
    with running(tmp_path_factory.mktemp("talk") / "state", "--machines=none") as sandbox:
        yield sandbox
        assert sandbox.violations() == []


@pytest.fixture
def sandbox(started: SandboxClient) -> SandboxClient:
    """Return the sandbox with a pull request, on which somebody commented."""
    started.reset()
    started.clear_faults()
    forge = started.forge
    forge.create(REPO, {LATER: "1\n", ".github/docklet.yml": "jobs: {}\n"})
    forge.call("push", repo=REPO, files={"a.txt": "2\n"}, branch="change", at=PUSHED)
    forge.call("pull", repo=REPO, head="change")
    forge.call("comment", repo=REPO, number=1, body="/docklet run", login="ada")
    forge.call("role", repo=REPO, login="ada", role="write")
    forge.call("team", team="acme/runners", login="ada")
    forge.call("team", team="acme/runners", login="bob", state="pending")
    forge.token(TOKEN, "github-actions[bot]", GRANTS)
    forge.token(ADMIN, "mona", GRANTS, kind="fine")
    return started


@pytest.fixture
def real(sandbox: SandboxClient) -> GitHubTalk:
    """Return the real adapter with a workflow's token."""
    return _talk(sandbox)


@pytest.fixture(params=["fake", "github"])
def talk(request: pytest.FixtureRequest) -> Talk:
    """Offer each kind of conversation in turn, in the same state."""
    if request.param == "fake":
        return FakeTalk()
    found: GitHubTalk = request.getfixturevalue("real")
    return found


def _talk(sandbox: SandboxClient, token: str = TOKEN) -> GitHubTalk:
    clock = FakeClock(start=time.time())
    return GitHubTalk(REPO, Secret(token), clock=clock, api_url=sandbox.addresses.forge_api)


def _comment(sandbox: SandboxClient) -> int:
    (only,) = sandbox.forge.comments(REPO)
    return int(only["id"])


def _reactions(sandbox: SandboxClient) -> list[str]:
    (only,) = sandbox.forge.comments(REPO)
    return [str(one["content"]) for one in only["reactions"]]


async def test_stranger(talk: Talk) -> None:
    """Who is nobody is told so, and is not taken for somebody without rights."""
    with pytest.raises(ForgeGone):
        await talk.standing("nobody-at-all")


async def test_kept_text(talk: Talk) -> None:
    """A text is kept by whoever read the one before it; others must read again."""
    assert await talk.kept() == Kept()
    assert await talk.keep("1\n", "")
    first = await talk.kept()
    assert first.text == "1\n"
    assert not await talk.keep("2\n", "")
    assert await talk.keep("3\n", first.version)
    assert not await talk.keep("4\n", first.version)
    assert (await talk.kept()).text == "3\n"


async def test_kept_by_many_at_once(talk: Talk) -> None:
    """Of many who write at once after the same look one succeeds."""
    assert await talk.keep("0\n", "")
    now = await talk.kept()
    done = await asyncio.gather(*(talk.keep(f"{n}\n", now.version) for n in range(1, 6)))
    assert sorted(done) == [False] * 4 + [True]
    assert (await talk.kept()).text == f"{done.index(True) + 1}\n"


async def test_default_branch(talk: Talk) -> None:
    """The default branch's head is known, and nothing of its history that nobody noted."""
    head = await talk.default_head()
    assert (head.branch, head.fork, head.open) == ("main", False, True)
    assert await talk.arrival("no-such-branch") is None


async def test_file(sandbox: SandboxClient, real: GitHubTalk) -> None:
    """A file is the default branch's, whatever a pull request says of it."""
    sandbox.forge.call("push", repo=REPO, files={".github/docklet.yml": "x"}, branch="change")
    assert await real.file(".github/docklet.yml") == "jobs: {}\n"
    assert await real.file("nothing.yml") is None


@pytest.mark.parametrize("role", list(Role))
async def test_role(sandbox: SandboxClient, real: GitHubTalk, role: Role) -> None:
    """Each of the forge's roles is known, and whose it is."""
    sandbox.forge.call("role", repo=REPO, login="ada", role=role.value)
    ada = sandbox.forge.call("user", login="ada")["id"]
    # What is public can be read by everybody.
    assert await real.standing("ada") == Standing(user_id=ada, role=role)


async def test_permission_is_asked_each_time(sandbox: SandboxClient, real: GitHubTalk) -> None:
    """A role that was taken away between two questions is gone at the second."""
    assert (await real.standing("ada")).role is Role.WRITE
    sandbox.forge.call("role", repo=REPO, login="ada", role="read")
    assert (await real.standing("ada")).role is Role.READ


async def test_pull_request(sandbox: SandboxClient, real: GitHubTalk) -> None:
    """A pull request's head is known, with what has become of it."""
    sha = sandbox.forge.head(REPO, "change")
    assert await real.pull(1) == Head(sha=str(sha), branch="change")
    draft = sandbox.forge.call("pull", repo=REPO, head="change", draft=True)
    assert await real.pull(draft) == Head(sha=str(sha), branch="change")
    sandbox.forge.call("lock", repo=REPO, number=1)
    sandbox.forge.call("close", repo=REPO, number=1, merged=True)
    closed = await real.pull(1)
    assert (closed.open, closed.merged, closed.locked) == (False, True, True)


async def test_fork(sandbox: SandboxClient, real: GitHubTalk) -> None:
    """A head in a fork is a stranger's, also when the fork is gone."""
    sandbox.forge.create("eve/template", {}, parent=REPO)
    sandbox.forge.call("push", repo="eve/template", files={"a": "b"}, branch="evil", login="eve")
    number = sandbox.forge.call("pull", repo=REPO, head="eve:evil")
    assert (await real.pull(number)).fork
    sandbox.forge.call("delete_repository", repo="eve/template")
    assert (await real.pull(number)).fork


async def test_arrival(sandbox: SandboxClient, real: GitHubTalk) -> None:
    """The forge's own time of a push counts, not the dates in the commit."""
    sha = sandbox.forge.head(REPO, "change")
    assert await real.arrival("change") == Arrival(sha=str(sha), at=PUSHED)
    dated = {"message": "Old", "name": "Eve"}
    new = sandbox.forge.call(
        "push", repo=REPO, files={"a": "3"}, branch="change", at=PUSHED + 60, **dated
    )
    assert await real.arrival("change") == Arrival(sha=new, at=PUSHED + 60)


async def test_reactions(sandbox: SandboxClient, real: GitHubTalk) -> None:
    """A comment is reacted to once, and the reaction can be taken back."""
    comment = _comment(sandbox)
    seen = await real.react(comment, Reaction.SEEN)
    assert await real.react(comment, Reaction.SEEN) == seen
    await real.react(comment, Reaction.DONE)
    await real.take_back(comment, seen)
    await real.take_back(comment, seen)
    assert _reactions(sandbox) == ["rocket"]


async def test_teams(sandbox: SandboxClient, real: GitHubTalk) -> None:
    """Active members of a team are in it; a workflow's own token is told nothing."""
    able = _talk(sandbox, ADMIN)
    assert await able.in_team("acme/runners", "ada")
    assert not await able.in_team("acme/runners", "bob")
    assert not await able.in_team("acme/runners", "eve")
    with pytest.raises(ForgeLacks):
        await real.in_team("acme/runners", "ada")


async def test_failures_are_failures(sandbox: SandboxClient, real: GitHubTalk) -> None:
    """A forge that does not answer has said neither yes nor no."""
    sandbox.fault(kind="answer", service="forge", method="GET", status=503, count=40)
    for ask in (real.standing("ada"), real.pull(1), real.arrival("change"), real.file("a")):
        with pytest.raises(ForgeError):
            await ask


async def test_lost_answer_to_keeping(sandbox: SandboxClient, real: GitHubTalk) -> None:
    """A text whose answer was lost is found to be kept."""
    route = "*/git/refs"
    sandbox.fault(kind="commit_then_drop", service="forge", method="POST", route=route)
    assert await real.keep("1\n", "")
    assert (await real.kept()).text == "1\n"
