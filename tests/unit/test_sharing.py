"""What the repository could not take, left for others to read: whole, but for secrets."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.leak import search_for
from docklet.domain.secret import Secret
from docklet.domain.spec import Push
from docklet.domain.triage import Action
from docklet.domain.trigger import run_url_of
from docklet.entrypoints.sharing import share
from docklet.entrypoints.sweeps import desk_of
from docklet.pipeline.sweep import sweep
from docklet.render.links import Links
from docklet.wiring import settings_from, site_of
from tests.archives import Link, make_archive, member, write
from tests.builders import SHA, make_spec
from tests.desks import desk_in
from tests.fakes import FakeGit
from tests.unit.test_sweep import PROTECTED, comment, left
from tests.worlds import Seen, make_world

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.ports import Results
    from tests.worlds import FakeWorld

CANARY = "canary-of-the-script"
SECRETS = {"KEY": Secret(CANARY)}
LATE = 30_000
PAGE = "https://github.com/octo/template/actions/runs/7"


async def read(archive: Path) -> Results:
    """Return what is in an archive, as it would be committed."""
    git = FakeGit(make_world(archive.parent).repository)
    return await git.import_results(archive, SHA, search_for({}))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return the log of a script that printed what it was given."""
    made = tmp_path / "run.log"
    made.write_bytes(b"begun\n" + b"x" * 3_000_000 + f"{CANARY}\nKEY={CANARY}".encode())
    return made


async def test_copy_has_all_but_secrets(tmp_path: Path, log: Path) -> None:
    """Files, links and deletions are there; what holds a secret, or is called by one, is not."""
    files: dict[str, Any] = {
        "fine.csv": b"1",
        "run.sh": b"#!/bin/sh\n",
        "link": Link("fine.csv"),
        "deep/env.txt": f"KEY={CANARY}".encode(),
        f"{CANARY}.txt": b"",
        "away": Link(CANARY),
        "wide-\udcff": b"2",
    }
    archive = make_archive(
        tmp_path / "results.tar",
        files,
        executable=["run.sh"],
        deleted=["old.csv", f"old-{CANARY}"],
        left_out={"big": "It is large."},
    )
    said = share(archive, log, tmp_path / "to", SECRETS)
    copy = tmp_path / "to/results.tar"
    assert said.startswith(f"What the repository could not take is in {copy}. 3 files stayed out")
    assert CANARY.encode() not in copy.read_bytes()
    found = await read(copy)
    assert {one.path: one.mode for one in found.changes} == {
        b"fine.csv": "100644",
        b"run.sh": "100755",
        b"link": "120000",
        b"wide-\xff": "100644",
        b"old.csv": "000000",
    }
    assert [one.path for one in found.left_out] == ["big"]
    shown = (tmp_path / "to/run.log").read_bytes()
    assert (shown[:6], shown[-12:]) == (b"begun\n", b"***\nKEY=***\n")
    assert CANARY in archive.read_bytes().decode(errors="replace")


async def test_unread_member_goes_with_its_file(tmp_path: Path, log: Path) -> None:
    """What is said of a file that stays out stays out, too."""
    manifest = {"changed": [{"path": "a"}], "deleted": [], "left_out": [], "ignored": 0}
    unread, why = member("a", b"it is broken")
    unread.name = "unread/files/a"
    content = CANARY.encode()
    archive = write(tmp_path / "results.tar", manifest, [member("a", content), (unread, why)])
    share(archive, log, tmp_path / "to", SECRETS)
    assert b"it is broken" not in (tmp_path / "to/results.tar").read_bytes()


@pytest.mark.parametrize("content", [b"no archive", f"no archive {CANARY}".encode()])
@pytest.mark.parametrize(
    "manifest", [None, b"{", b"[]", b'{"changed": 7}', b'{"changed": [{"path": 5}]}']
)
def test_what_is_no_archive(
    tmp_path: Path, log: Path, content: bytes, manifest: bytes | None
) -> None:
    """It is copied as it came, unless somewhere in it there is a secret."""
    archive = tmp_path / "results.tar"
    if manifest is not None:
        write(archive, manifest, [member("a", content)])
    else:
        archive.write_bytes(content)
    said = share(archive, log, tmp_path / "to", SECRETS)
    is_there = (tmp_path / "to/results.tar").exists()
    assert is_there == (CANARY.encode() not in content)
    assert ("on this machine alone" in said) != is_there
    found = {one.name for one in (tmp_path / "to").iterdir()}
    assert found == ({"results.tar", "run.log"} if is_there else set())


def test_no_place_for_it(tmp_path: Path, log: Path) -> None:
    """A copy that can't be made is told, with where the archive is."""
    archive = make_archive(tmp_path / "results.tar", {"a": b"1"})
    (tmp_path / "to").write_bytes(b"")
    said = share(archive, log, tmp_path / "to/run", SECRETS)
    assert f"is in {archive} on this machine alone" in said
    assert "Not a directory" in said


async def swept(world: FakeWorld, holder: str) -> Action:
    """Sweep as a workflow does that uploads what can't be pushed."""
    desk = desk_in(world, holder=holder)
    links = Links(server_url="https://github.com", repository="octo/template", run_url=PAGE)
    desk = replace(
        desk, save_to=world.directory / "saved", mender=replace(desk.mender, links=links)
    )
    (found,) = await sweep(desk.office, desk.hands, desk.site)
    return found.decision.action


@pytest.mark.parametrize("code", [0, 3])
async def test_pushes_that_are_refused_until_the_deadline(tmp_path: Path, code: int) -> None:
    """Each sweep keeps archive and log outside of the droplet; the last one says so."""
    world = await left(tmp_path, spec=make_spec(env={"KEY": Secret(CANARY)}))
    world.machine.ending = {"kind": "exited", "exit_code": code}
    world.machine.output = [(1.0, f"KEY={CANARY}\n".encode())]
    world.repository.answers = [PROTECTED] * 100
    saved = tmp_path / "saved" / tmp_path.name
    (tmp_path / "run.log").unlink()  # that of the lost process
    if not code:
        assert await swept(world, "first") is Action.LEAVE
        assert world.cloud.live
        assert (await read(saved / "results.tar")).changes
        assert (saved / "run.log").read_bytes() == b"KEY=***\n"
        shutil.rmtree(saved)
        await world.clock.sleep(LATE)
    assert await swept(world, "last") is Action.TAKE_UP
    assert not world.cloud.live
    (change,) = (await read(saved / "results.tar")).changes
    assert change.path == b"inst/examples/example.md"
    assert (saved / "run.log").read_bytes() == b"KEY=***\n"
    assert f"archive `{tmp_path.name}/results.tar`" in comment(world)
    assert f"[the workflow run's artifacts]({PAGE}#artifacts)" in comment(world)
    assert f"is in {saved / 'results.tar'}." in world.seen.notices


async def test_what_is_pushed_at_last_is_not_kept(tmp_path: Path) -> None:
    """A later sweep in the same place that can push leaves no archive there."""
    world = await left(tmp_path)
    world.repository.answers = [PROTECTED] * 2
    assert await swept(world, "first") is Action.LEAVE
    await world.clock.sleep(600)
    assert await swept(world, "second") is Action.TAKE_UP
    assert not list((tmp_path / "saved").rglob("*.*"))


async def test_without_a_place_the_archive_stays_where_it_is(tmp_path: Path) -> None:
    """Whoever sweeps by hand learns which file to look at."""
    world = await left(tmp_path, push=Push.NONE, branch="")
    desk = desk_in(world)
    await sweep(desk.office, desk.hands, desk.site)
    assert f"is in {tmp_path / 'results.tar'}." in world.seen.notices
    assert not (tmp_path / "saved").exists()


def test_who_finishes_runs_in_a_workflow_says_where() -> None:
    """Comments lead to the page of the workflow run that has the archive, and not of another."""
    seen, settings = Seen(), settings_from({})
    desk = desk_of(settings, "octo/template", site_of(settings, seen), run_url=PAGE)
    assert desk.mender.links.run_url == PAGE
    assert run_url_of({"GITHUB_REPOSITORY": "octo/template", "GITHUB_RUN_ID": "7"}) == PAGE
    assert run_url_of({"GITHUB_REPOSITORY": "octo/template"}) == ""
