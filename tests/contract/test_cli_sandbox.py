"""The commands around a run, as processes that speak to the sandbox's cloud and forge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from docklet.adapters.digitalocean.cloud import DigitalOcean
from docklet.adapters.git.access import may_push
from docklet.domain.errors import ForgeError
from docklet.domain.identity import Identity, RunKey, kept_tag
from docklet.domain.outcome import Reason, exit_code_of
from docklet.domain.secret import Secret
from docklet.ports import Droplet, DropletRequest
from docklet_sandbox.launch import running
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.client import SandboxClient

REPO = "mona/template"
LIVE, KEPT, LOST = RunKey("a1" * 10), RunKey("b2" * 10), RunKey("c3" * 10)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines."""
    with running(tmp_path_factory.mktemp("cli") / "state", "--machines=none") as sandbox:
        yield sandbox
        assert sandbox.violations() == []


@pytest.fixture
def sandbox(started: SandboxClient) -> SandboxClient:
    """Return the sandbox, empty but for one repository."""
    started.reset()
    started.forge.create(REPO, {"inst/examples/knit.R": "1\n"})
    return started


@pytest.fixture
def work(sandbox: SandboxClient, tmp_path: Path) -> Path:
    """Return a checkout of the repository."""
    url = f"{sandbox.addresses.forge}/{REPO}"
    subprocess.run(["git", "clone", "--quiet", url, str(tmp_path / "work")], check=True)
    return tmp_path / "work"


def docklet(
    sandbox: SandboxClient, *arguments: str, work: Path = Path("/"), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `docklet` against the sandbox; it never prints a token or a traceback."""
    shell = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    environ = {**shell, **sandbox.environment, **variables}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("docklet")), *arguments],
        capture_output=True,
        check=False,
        cwd=work,
        env=environ,
        text=True,
        timeout=60,
    )
    printed = done.stdout + done.stderr
    assert environ["DIGITALOCEAN_TOKEN"] not in printed
    assert environ["GITHUB_TOKEN"] not in printed
    assert "Traceback" not in printed
    return done


async def rent(
    sandbox: SandboxClient,
    monkeypatch: pytest.MonkeyPatch,
    key: RunKey,
    *,
    deadline: float = 3600,
    kept: float | None = None,
) -> Droplet:
    """Make a droplet as a run does; times are seconds from now."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", sandbox.addresses.bundle)
    token = Secret(sandbox.addresses.cloud_token)
    cloud = DigitalOcean(token, clock=FakeClock(), endpoint=sandbox.addresses.cloud)
    until = int(time.time() + deadline)
    who = Identity(key=key, slot="cafe0123", repository=REPO, deadline=until)
    tags = () if kept is None else (kept_tag(key, int(time.time() + kept)),)
    made = await cloud.create(
        DropletRequest(
            name=who.name,
            tags=(who.tag, *tags),
            region="nyc3",
            size="s-1vcpu-1gb",
            image="docker-20-04",
            user_data="#cloud-config\n",
        )
    )
    cloud.close()
    return made


async def test_life_of_a_listing(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Droplets are listed, reaped when expired, and removed when nobody needs them."""
    before = sandbox.inventory()
    for key, times in ((LIVE, {}), (KEPT, {"kept": 600.0}), (LOST, {"deadline": -5.0})):
        await rent(sandbox, monkeypatch, key, **times)
    listed = json.loads(docklet(sandbox, "ls", "--json").stdout)
    assert {one["run"]: one["state"] for one in listed} == {
        LIVE: "running",
        KEPT: "kept",
        LOST: "expired",
    }
    table = docklet(sandbox, "ls").stdout
    assert all(f"{key[:10]}  {REPO}" in table for key in (LIVE, KEPT, LOST))
    assert "would be deleted" in docklet(sandbox, "reap", "--dry-run").stdout
    assert len(sandbox.inventory().droplets) == 3
    assert docklet(sandbox, "reap").returncode == 0
    refused = docklet(sandbox, "rm", LIVE[:4])
    assert refused.returncode == exit_code_of(Reason.INVALID_INPUT)
    assert "--force" in refused.stderr
    assert docklet(sandbox, "rm", KEPT[:4]).returncode == 0
    assert docklet(sandbox, "rm", LIVE[:4], "--force").returncode == 0
    assert sandbox.inventory() == before


async def test_rm_of_a_droplet_with_a_pending_event(
    sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delete that is put off is asked for again until the droplet is gone."""
    await rent(sandbox, monkeypatch, KEPT, kept=600)
    sandbox.fault("422", service="cloud", method="DELETE")
    done = docklet(sandbox, "rm", KEPT)
    assert done.returncode == 0, done.stderr
    assert sandbox.inventory().droplets == {}


def test_plan(sandbox: SandboxClient, work: Path) -> None:
    """A plan only reads, and tells what it read and what it means."""
    job = ("--script", "knit.R", "--path", "inst/examples", "--env", "KEY=s3cr3t-value")
    done = docklet(sandbox, "plan", *job, "--args", "s3cr3t-value", work=work)
    assert done.returncode == 0, done.stderr
    assert str(sandbox.forge.head(REPO)) in done.stdout
    assert "Rscript ./knit.R ***" in done.stdout
    assert "at most $0.18" in done.stdout
    assert {entry["method"] for entry in sandbox.journal("cloud")} == {"GET"}
    assert {path.name for path in work.iterdir()} == {".git", "inst"}


def test_plan_of_a_size_that_does_not_exist(sandbox: SandboxClient, work: Path) -> None:
    """A plan is refused as the run would be."""
    done = docklet(sandbox, "plan", "--script", "knit.R", "--size", "s-8vpcu", work=work)
    assert done.returncode == exit_code_of(Reason.INVALID_INPUT)
    assert "Did you mean `s-8vcpu-16gb`?" in done.stderr


def test_plan_elsewhere(sandbox: SandboxClient) -> None:
    """A repository is named where one does not stand in it."""
    done = docklet(sandbox, "plan", "--repo", REPO, "--script", "knit.R")
    assert str(sandbox.forge.head(REPO)) in done.stdout, done.stderr


def test_healthy(sandbox: SandboxClient, work: Path) -> None:
    """A doctor who finds nothing ends with 0, and has changed nothing."""
    before = sandbox.inventory()
    done = docklet(sandbox, "doctor", work=work)
    assert done.returncode == 0, done.stdout
    assert "missing" not in done.stdout
    assert sandbox.inventory() == before
    others = [one["path"] for one in sandbox.journal("cloud") if one["method"] != "GET"]
    assert sorted(others) == ["/v2/droplets/1", "/v2/tags/docklet-doctor"]  # neither is there


def test_wrong_tokens(sandbox: SandboxClient, work: Path) -> None:
    """Tokens that are refused are told by the variable that they come from."""
    wrong = {"DIGITALOCEAN_TOKEN": "dop_v1_" + "0badc0de" * 8, "GITHUB_TOKEN": "ghp_0badc0de"}
    done = docklet(sandbox, "doctor", work=work, **wrong)
    assert done.returncode == 1
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    assert [["missing", name] for name in wrong] == lines[:2]


async def test_push_access(sandbox: SandboxClient) -> None:
    """Only a token that may write contents may push; nothing is changed by asking."""
    url, before = f"{sandbox.addresses.forge}/{REPO}.git", sandbox.forge.head(REPO)
    sandbox.forge.token("ghs_reader", "github-actions[bot]", {"contents": "read"})
    sandbox.forge.token("ghs_writer", "github-actions[bot]", {"contents": "write"})
    assert await may_push(url, Secret("ghs_writer"))
    assert not await may_push(url, Secret("ghs_reader"))
    assert not await may_push(url, Secret("ghs_nobody"))
    assert sandbox.forge.head(REPO) == before


async def test_push_access_unknown() -> None:
    """A forge that does not answer is no forge that says no."""
    with pytest.raises(ForgeError, match="GITHUB_SERVER_URL"):
        await may_push("http://127.0.0.1:9/mona/template.git", Secret("ghs_canary"))
