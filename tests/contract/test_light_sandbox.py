"""A sandbox of light droplets as a process: whole runs of `docklet` without any Docker."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from docklet.domain.outcome import Reason, exit_code_of
from docklet_sandbox.launch import running
from docklet_sandbox.state import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.client import SandboxClient

REPO = "mona/template"


def _may_open_port_22() -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.127.127.127", 22))
        except OSError:
            return False
    return True


pytestmark = pytest.mark.skipif(
    not _may_open_port_22(), reason="docklet connects to port 22, which this user may not open"
)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox with light machines."""
    with running(tmp_path_factory.mktemp("light") / "state", "--machines=light") as sandbox:
        yield sandbox
        assert sandbox.violations() == []


@pytest.fixture
def sandbox(started: SandboxClient) -> SandboxClient:
    """Return the sandbox, empty but for one repository."""
    started.reset()
    started.forge.create(REPO, {"run.sh": "echo not run\n"})
    return started


def begun(sandbox: SandboxClient) -> subprocess.Popen[str]:
    """Start `docklet run` on the repository's script."""
    program = str(Path(sys.executable).with_name("docklet"))
    options = ["--script=run.sh", f"--repo={REPO}", "--image=alpine", "--comment=none"]
    return subprocess.Popen(
        [program, "run", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=sandbox.addresses.state,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **sandbox.environment},
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return exit code and output."""
    with process:
        output, _ = process.communicate(timeout=60)
    return process.returncode, output


def test_a_run_without_docker(sandbox: SandboxClient) -> None:
    """The script's part is played; all else is real, down to the commit."""
    sandbox.script(output=[[0, "one\n"], [0.5, "two\n"]], lasts=0.7, files={"out/a.txt": "1\n"})
    code, output = ended(begun(sandbox))
    assert code == 0, output
    assert output.index("one\n") < output.index("two\n")
    assert sandbox.forge.show(REPO, "out/a.txt") == b"1\n"
    assert sandbox.inventory().droplets == {}


def test_a_script_that_fails(sandbox: SandboxClient) -> None:
    """Its exit code decides, and a reset of the sandbox forgets it."""
    sandbox.script(ending={"kind": "exited", "exit_code": 3})
    code, output = ended(begun(sandbox))
    assert code == exit_code_of(Reason.SCRIPT_EXIT), output
    sandbox.reset()
    sandbox.forge.create(REPO, {"run.sh": "echo not run\n"})
    code, output = ended(begun(sandbox))
    assert code == 0, output


def test_a_connection_that_is_cut(sandbox: SandboxClient) -> None:
    """A droplet's connections and SSH server can be broken under a run that goes on."""
    sandbox.script(output=[[0, "one\n"], [2, "two\n"]], lasts=2.1)
    process = begun(sandbox)
    assert process.stdout is not None
    for line in process.stdout:
        if line == "one\n":
            break
    (droplet_id,) = sandbox.inventory().droplets
    for verb in ("shut", "cut", "open"):
        sandbox.control("POST", f"/light/{verb}", {"id": droplet_id})
    code, output = ended(process)
    assert code == 0, output
    assert "The connection was lost" in output
    assert output.count("two\n") == 1


def test_verbs_explain_themselves(sandbox: SandboxClient) -> None:
    """An unknown field, or a droplet that is not there, is told."""
    with pytest.raises(SandboxError, match="no 'wrong'"):
        sandbox.script(wrong=1)
    with pytest.raises(SandboxError, match="no droplet 7"):
        sandbox.control("POST", "/light/cut", {"id": 7})
