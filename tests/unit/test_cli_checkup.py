"""What the doctor finds, and what it makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from docklet.domain.errors import CloudError, ForgeError
from docklet.domain.outcome import Reason
from docklet.entrypoints.checkup import look_at_cloud, look_at_forge, look_at_machine
from docklet.ports import Completed
from docklet.render.findings import Finding, Verdict
from tests.builders import make_droplet
from tests.fakes import FakeClock, FakeCloud, FakeForge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

READING = {
    *("droplet_limit", "droplets", "gpu_droplets", "sizes", "application_images"),
    *("firewalls", "check_deletion", "unused_tags", "delete_tag"),
}


class _Machine:
    """Answers for the programs that it has."""

    def __init__(self, **programs: str) -> None:
        self._programs = programs

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"") -> Completed:
        """Print a program's version, on both outputs."""
        del stdin
        text = self._programs.get(argv[0], "").encode()
        return Completed(exit_code=0 if text else 127, stdout=text, stderr=text)

    def stream(self, argv: Sequence[str], *, stdin: bytes = b"") -> AsyncIterator[bytes]:
        """Do nothing."""
        raise NotImplementedError

    async def send(self, argv: Sequence[str], *, source: AsyncIterator[bytes]) -> Completed:
        """Do nothing."""
        raise NotImplementedError

    async def close(self) -> None:
        """Do nothing."""


def verdicts(findings: tuple[Finding, ...]) -> dict[str, Verdict]:
    """Return the verdicts by subject."""
    return {one.subject: one.verdict for one in findings}


async def test_healthy_cloud() -> None:
    """A token that may read everything is fine; nothing is created."""
    cloud = FakeCloud(FakeClock())
    findings = await look_at_cloud(cloud)
    assert set(verdicts(findings).values()) == {Verdict.OK}
    assert set(cloud.calls) == READING


async def test_token_that_is_refused() -> None:
    """A refused token is one finding, not one for each thing that it can't read."""
    cloud = FakeCloud(FakeClock())
    cloud.fail("droplet_limit", CloudError("It is expired.", reason=Reason.CLOUD_DENIED))
    (only,) = await look_at_cloud(cloud)
    assert (only.subject, only.verdict) == ("DIGITALOCEAN_TOKEN", Verdict.MISSING)
    assert only.text == "It is expired."


async def test_full_account() -> None:
    """An account without room for a droplet can't run anything."""
    cloud = FakeCloud(FakeClock(), limit=1)
    cloud.add(make_droplet())
    assert verdicts(await look_at_cloud(cloud))["droplet limit"] is Verdict.MISSING


async def test_missing_scope() -> None:
    """A scope that the token lacks is told beside what works."""
    cloud = FakeCloud(FakeClock())
    cloud.fail("sizes", CloudError("The scope `sizes:read` is missing."))
    assert verdicts(await look_at_cloud(cloud)) == {
        "DIGITALOCEAN_TOKEN": Verdict.OK,
        "droplet limit": Verdict.OK,
        "sizes and images": Verdict.MISSING,
        "firewall": Verdict.OK,
        "cleaning up": Verdict.OK,
    }


@pytest.mark.parametrize(("pushes", "verdict"), [(True, Verdict.OK), (False, Verdict.MISSING)])
async def test_forge(*, pushes: bool, verdict: Verdict) -> None:
    """A token has to read the repository and to push to it."""

    async def may_push() -> bool:
        return pushes

    (only,) = await look_at_forge(FakeForge(), "octo/template", may_push)
    assert only.verdict is verdict


async def test_forge_that_refuses() -> None:
    """A repository that can't be read is not asked whether it takes pushes."""
    forge = FakeForge()
    forge.failures["default_branch"] = [ForgeError("It is not there.")]

    async def may_push() -> bool:
        raise AssertionError

    (only,) = await look_at_forge(forge, "octo/template", may_push)
    assert (only.verdict, only.text) == (Verdict.MISSING, "It is not there.")


@pytest.mark.parametrize(
    ("git", "verdict"),
    [
        ("git version 2.39.5", Verdict.OK),
        ("git version 2.36.0 (Apple Git-1)", Verdict.OK),
        ("git version 3.0.1", Verdict.OK),
        ("git version 2.9.5", Verdict.MISSING),
        ("", Verdict.MISSING),
    ],
)
async def test_git(git: str, verdict: Verdict) -> None:
    """Runs need a git that is not too old."""
    found = await look_at_machine(_Machine(git=git, ssh="OpenSSH_9.2"), docker_trouble="")
    assert verdicts(found) == {"git": verdict, "Docker": Verdict.OK, "ssh": Verdict.OK}


async def test_what_runs_do_not_need() -> None:
    """Without Docker and ssh runs work, so these are notes that name the commands concerned."""
    machine = _Machine(git="git version 2.39.5")
    _, docker, ssh = await look_at_machine(machine, docker_trouble="It does not answer.")
    assert (docker.verdict, ssh.verdict) == (Verdict.NOTE, Verdict.NOTE)
    assert docker.text == "It does not answer. Only `docklet local` needs it."
    assert ssh.text.endswith("Only `docklet ssh` and `docklet adopt` need it.")
