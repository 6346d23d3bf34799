"""Results reach the branch, else a branch of their own, else an archive; never by force."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.ending import Ending, outcome_of
from docklet.domain.errors import ForgeError, GitError
from docklet.domain.outcome import CommittedFile, FileChange, Published, Reason, Usage
from docklet.domain.secret import Secret
from docklet.domain.spec import Push, RegistryLogin
from docklet.pipeline.agent import Agent
from docklet.pipeline.bases import Bases
from docklet.pipeline.run import results
from docklet.ports import PushAnswer, PushVerdict
from tests.builders import SHA, make_plan, make_spec, make_trigger
from tests.fakes import FakeGit
from tests.worlds import make_world

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.worlds import FakeWorld

OWN = make_plan().fallback_branch
RESULT = "inst/examples/example.md"
V = PushVerdict


async def published(
    world: FakeWorld,
    meanwhile: Mapping[str, bytes | None] | None = None,
    *,
    code: int = 0,
    **plan: Any,  # noqa: ANN401
) -> Published:
    """Publish the machine's results while somebody else changes the branch."""
    made = make_plan(**plan)
    bases = Bases(made, world.git)
    await bases.ready()
    if meanwhile:
        world.repository.write(meanwhile, made.branch)
    ending = Ending(
        kind="exited",
        exit_code=code,
        message="",
        started=0,
        finished=0,
        log_bytes=0,
        usage=Usage(),
    )
    agent = Agent(world.host, "/home", world.clock)
    return await results(made, agent, ending, bases, world)


def answer(world: FakeWorld, *verdicts: PushVerdict) -> None:
    """Let the next pushes be answered like this, without any effect."""
    world.repository.answers = [PushAnswer(verdict=verdict, detail="No.") for verdict in verdicts]


@pytest.mark.parametrize(
    ("ours", "deleted", "theirs", "conflict"),
    [
        ({"new": b"1"}, [], {"other": b"2"}, False),
        ({"new": b"1"}, [], {"new": b"1"}, False),
        ({"new": b"1"}, [], {"new": b"2"}, True),
        ({"old.csv": b"2"}, [], {"old.csv": b"3"}, True),
        ({"old.csv": b"2"}, [], {"old.csv": b"2"}, False),
        ({"old.csv": b"2"}, [], {"old.csv": None}, True),
        ({}, ["old.csv"], {"old.csv": b"3"}, True),
        ({}, ["old.csv"], {"old.csv": None}, False),
        ({}, ["old.csv"], {"old.csv": None, "old.csv/part": b"3"}, False),
        ({"new": b"1"}, [], {"new/part": b"2"}, True),
        ({"new/part": b"1"}, [], {"new": b"2"}, True),
        ({"new/part": b"1"}, [], {"new/other": b"2"}, False),
        ({"new/a/b": b"1"}, [], {"new/a/b/c": b"2"}, True),
        ({"newer": b"1"}, [], {"new/part": b"2"}, False),
    ],
    ids=str,
)
async def test_conflicts(
    tmp_path: Path,
    ours: dict[str, bytes],
    deleted: list[str],
    theirs: dict[str, bytes | None],
    *,
    conflict: bool,
) -> None:
    """What somebody else changed differently meanwhile stays as they left it."""
    world = make_world(tmp_path)
    world.produce(ours, deleted=deleted)
    found = await published(world, theirs)
    for name, content in theirs.items():
        assert world.repository.show(name) == content
    assert found.branch == (OWN if conflict else "main")
    assert found.as_asked != conflict
    for name, content in ours.items():
        assert world.repository.show(name, found.branch) == content
    assert ("Somebody changed" in world.seen.notices) == conflict
    assert not found.archive


async def test_commit_is_described(tmp_path: Path) -> None:
    """What the commit brings is told file by file, against what it was made on."""
    world = make_world(tmp_path)
    world.produce({"old.csv": b"1;2\n", "plot.png": b"P" * 9})
    found = await published(world, {"other": b"2"})
    assert found.files == (
        CommittedFile(path="old.csv", change=FileChange.CHANGED, size=4),
        CommittedFile(path="plot.png", change=FileChange.NEW, size=9),
    )


async def test_commit_that_cannot_be_described_is_pushed(tmp_path: Path) -> None:
    """That git fails afterwards changes nothing about where the results are."""
    world = make_world(tmp_path)
    world.git.failures["committed"] = [GitError("A tree is missing.")]
    found = await published(world)
    assert found.as_asked
    assert found.files == ()


@pytest.mark.parametrize("code", [0, 3])
async def test_branch_that_was_wound_back(tmp_path: Path, code: int) -> None:
    """Where the forge has lost the commit that ran, its results go on top of the branch's tip."""
    world = make_world(tmp_path)
    answer(world, PushVerdict.ROOTLESS)
    found = await published(world, {"other": b"2"}, code=code)
    assert found.branch == ("main" if code == 0 else OWN)
    assert world.repository.show(RESULT, found.branch) == b"# Results\n"
    assert world.repository.show("other", found.branch) == b"2"
    assert not found.archive


async def test_same_change_needs_no_commit(tmp_path: Path) -> None:
    """Results that the branch has already are published by what is there."""
    world = make_world(tmp_path)
    found = await published(world, {RESULT: b"# Results\n"})
    assert found.commit == world.repository.branches["main"]
    assert "push" not in world.git.calls


@pytest.mark.parametrize(
    ("verdicts", "branch", "pushes"),
    [
        ([], "main", 1),
        ([V.RACED], "main", 2),
        ([V.RACED] * 5, "main", 6),
        ([V.RACED] * 6, OWN, 7),
        ([V.UNKNOWN], "main", 2),
        ([V.UNKNOWN, V.RACED, V.UNKNOWN], "main", 4),
        ([V.UNKNOWN] * 6, OWN, 7),
        ([V.PROTECTED], OWN, 2),
        ([V.DENIED], OWN, 2),
        ([V.REFUSED], OWN, 2),
        ([V.RACED, V.PROTECTED], OWN, 3),
        ([V.PROTECTED, V.UNKNOWN], OWN, 3),
        ([V.PROTECTED, V.PROTECTED], "", 2),
        ([V.DENIED, V.DENIED], "", 2),
        ([V.REFUSED, V.REFUSED], "", 2),
        ([V.UNKNOWN] * 12, "", 12),
    ],
    ids=str,
)
async def test_answers(
    tmp_path: Path, verdicts: list[PushVerdict], branch: str, pushes: int
) -> None:
    """A lost race is run again, a refusal goes round, and what nobody takes stays here."""
    world = make_world(tmp_path)
    answer(world, *verdicts)
    found = await published(world)
    assert (found.branch, world.git.calls.count("push")) == (branch, pushes)
    assert found.as_asked == (branch == "main")
    assert (tmp_path / "results.tar").exists() == bool(found.archive) == (not branch)
    assert not branch or world.repository.show(RESULT, branch) == b"# Results\n"
    assert set(world.repository.branches) == {"main", branch} - {""}
    assert found.changed == (RESULT,)


class Rival(FakeGit):
    """Git beside somebody who pushes between each of our commits and its push."""

    left = 3

    async def push(self, sha: str, branch: str) -> PushAnswer:
        """Push too late."""
        if self.left and branch == "main":
            self.left -= 1
            self.repository.write({f"theirs-{self.left}": b"x"})
        return await super().push(sha, branch)


@pytest.mark.parametrize(("left", "branch"), [(3, "main"), (99, OWN)])
async def test_races(tmp_path: Path, left: int, branch: str) -> None:
    """Everybody's commits are on the branch in the end, and none is lost."""
    world = make_world(tmp_path)
    rival = Rival(world.repository)
    rival.left = left
    found = await published(replace(world, git=rival))
    assert found.branch == branch
    assert world.repository.show("theirs-0" if left == 3 else "theirs-98") == b"x"
    assert world.repository.show(RESULT, branch) == b"# Results\n"


@pytest.mark.parametrize(("code", "branch"), [(0, "main"), (3, OWN)])
async def test_lost_answers(tmp_path: Path, code: int, branch: str) -> None:
    """A push that took effect is not done again."""
    world = make_world(tmp_path)
    world.repository.lost_answers = 3
    found = await published(world, code=code)
    assert found.commit == world.repository.branches[branch]
    assert world.git.calls.count("push") == 1


async def test_branch_that_git_cannot_read(tmp_path: Path) -> None:
    """When the branch can't be compared with, the run's own branch still takes the results."""
    world = make_world(tmp_path)
    world.git.failures["changed_paths"] = [GitError("A tree is missing.")]
    found = await published(world, {"theirs": b"2"})
    assert (found.branch, found.changed) == (OWN, (RESULT,))
    assert "A tree is missing." in world.seen.notices


async def test_lost_answer_and_nobody_to_ask(tmp_path: Path) -> None:
    """When the forge can't say whether it has the commit, the next fetch shows it."""
    world = make_world(tmp_path)
    world.repository.lost_answers = 1
    world.git.failures["remote_head"] = [GitError("The forge is down.")]
    found = await published(world)
    assert found.commit == world.repository.branches["main"]
    assert world.git.calls.count("push") == 1
    assert len(world.repository.commits) == 2


async def test_deleted_branch(tmp_path: Path) -> None:
    """A triggering branch that somebody deleted is not made again."""
    world = make_world(tmp_path)
    del world.repository.branches["main"]
    assert (await published(world)).branch == OWN
    assert "gone" in world.seen.notices


async def test_new_branch(tmp_path: Path) -> None:
    """A branch that the user named and that is not there begins at what ran."""
    world = make_world(tmp_path)
    found = await published(world, spec=make_plan(branch="x").spec, branch="pages")
    assert found.branch == OWN
    named = replace(make_plan().spec, branch="pages")
    found = await published(world, spec=named, branch="pages")
    assert (found.branch, found.as_asked) == ("pages", True)
    assert world.repository.commits[found.commit].parent == SHA


@pytest.mark.parametrize("meanwhile", [None, {"theirs": b"2"}, {RESULT: b"2"}])
async def test_branch_for_results(tmp_path: Path, meanwhile: dict[str, bytes | None]) -> None:
    """Earlier results on a branch of their own are replaced; only a change meanwhile conflicts."""
    world = make_world(tmp_path)
    world.repository.branches["pages"] = SHA
    world.repository.write({RESULT: b"# Older\n", "extra": b"1"}, "pages")
    found = await published(world, meanwhile, branch="pages")
    conflict = RESULT in (meanwhile or {})
    assert found.branch == (OWN if conflict else "pages")
    assert world.repository.show("extra", "pages") == b"1"
    assert world.repository.show(RESULT, found.branch) == b"# Results\n"


async def test_pull_request(tmp_path: Path) -> None:
    """A pull request proposes the run's own branch, and the message is quoted in it."""
    world = make_world(tmp_path)
    found = await published(world, push=Push.PULL_REQUEST)
    ((head, base, _, body),) = world.forge.pull_requests
    assert (head, base, found.branch, found.as_asked) == (OWN, "main", OWN, True)
    assert found.pull_request
    assert "Docklet-Run" in body
    assert world.repository.branches["main"] == SHA


async def test_refused_pull_request(tmp_path: Path) -> None:
    """Without a pull request the results are still on their branch, and that is told."""
    world = make_world(tmp_path)
    world.forge.failures["open_pull_request"] = [ForgeError("Actions may not.")]
    found = await published(world, push=Push.PULL_REQUEST)
    assert (found.branch, found.as_asked, found.pull_request) == (OWN, False, "")
    assert "Actions may not." in world.seen.notices


@pytest.mark.parametrize("push", [Push.BRANCH, Push.PULL_REQUEST])
async def test_failed_script(tmp_path: Path, push: Push) -> None:
    """A failed script's results are kept apart and proposed to nobody."""
    world = make_world(tmp_path)
    found = await published(world, code=3, push=push)
    assert (found.branch, found.as_asked) == (OWN, False)
    assert not world.forge.pull_requests
    commit = world.repository.commits[found.commit]
    assert commit.message is not None
    assert "Docklet-Exit-Code: 3" in commit.message.text


@pytest.mark.parametrize(
    ("trigger", "author"),
    [
        ({"actor": "ada"}, "ada <ada@users.noreply.github.com>"),
        ({"author": "Ada <ada@x.org>"}, "Ada <ada@x.org>"),
        ({"actor": ""}, "github-actions[bot] <"),
    ],
)
async def test_signature(tmp_path: Path, trigger: dict[str, str], author: str) -> None:
    """Whoever asked for the run signs its results."""
    world = make_world(tmp_path)
    found = await published(world, trigger=make_trigger(**trigger))
    message = world.repository.commits[found.commit].message
    assert message is not None
    assert message.author.startswith(author)


async def test_archive_stays_for_what_was_left_out(tmp_path: Path) -> None:
    """A file that may not be committed is named and kept, and the others are pushed."""
    world = make_world(tmp_path)
    world.produce({RESULT: b"# Results\n", ".github/workflows/x.yml": b"on: push\n"})
    found = await published(world)
    assert found.branch == "main"
    assert found.changed == (RESULT,)
    assert [one.path for one in found.left_out] == [".github/workflows/x.yml"]
    assert found.archive == f"{tmp_path.name}/results.tar"


SECRETS = {"API_KEY": Secret("canary-of-the-script"), "YEAR": Secret("2024")}
LOGIN = RegistryLogin(username="robot", password=Secret("canary-of-the-registry"))


@pytest.mark.parametrize("succeeded", [True, False])
@pytest.mark.parametrize("push", Push)
async def test_secrets_are_not_published(tmp_path: Path, push: Push, *, succeeded: bool) -> None:
    """Whatever way results go, a file that holds a secret of the run stays in the archive."""
    world = make_world(tmp_path)
    world = replace(world, secrets={"github-token": Secret("canary-of-the-forge")})
    held = {
        "API_KEY.txt": b"canary-of-the-script",
        "registry-password.txt": b"canary-of-the-registry",
        "github-token.txt": b"canary-of-the-forge",
    }
    world.produce({RESULT: b"2024: new", **held})
    found = await published(
        world,
        code=0 if succeeded else 1,
        spec=make_spec(env=SECRETS, registry=LOGIN, push=push),
    )
    assert {each.path for each in found.left_out} == set(held)
    for each in found.left_out:
        assert f"`{each.path.removesuffix('.txt')}`" in each.reason
    assert found.archive
    assert "canary" not in repr(found)
    assert found.changed == (RESULT,)
    assert not [blob for blob in _trees(world) if b"canary" in blob]


async def test_nothing_but_a_secret(tmp_path: Path) -> None:
    """Results that are nothing but a secret make no commit, and no success either."""
    world = make_world(tmp_path)
    world.produce({RESULT: b"canary-of-the-script"})
    found = await published(world, spec=make_spec(env=SECRETS))
    assert (found.commit, found.changed) == ("", ())
    ending = Ending(
        kind="exited",
        exit_code=0,
        message="",
        started=0,
        finished=0,
        log_bytes=0,
        usage=Usage(),
    )
    assert outcome_of(ending, found, pushes=True).reason is Reason.PARTLY_PUSHED


def _trees(world: FakeWorld) -> list[bytes]:
    """Return every file of every commit."""
    blobs = {
        blob for commit in world.repository.commits.values() for _, blob in commit.tree.values()
    }
    return [world.repository.blobs[blob] for blob in blobs]
