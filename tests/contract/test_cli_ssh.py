"""The system's `ssh` with a run's keys: one known host, nothing of the user's, nothing left."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from docklet.adapters.ssh.client import log_in
from docklet.adapters.ssh.keys import SshAccess
from docklet.domain.errors import Unreachable
from docklet.domain.identity import RunKey
from docklet.domain.secret import Secret
from tests.contract.sshd import USER, needs_sshd, serving

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCESS = SshAccess(token=Secret("dop_v1_canary"))
RUN, OTHER = RunKey("0" * 20), RunKey("1" * 20)
KEYS, STRANGER = ACCESS.keys(RUN), ACCESS.keys(OTHER)
pytestmark = [
    needs_sshd,
    pytest.mark.skipif(shutil.which("ssh") is None, reason="OpenSSH's client is not installed"),
]
LOGIN: Final = """
import sys
from docklet.adapters.ssh.keys import SshAccess
from docklet.adapters.ssh.client import log_in
from docklet.domain.secret import Secret
keys = SshAccess(token=Secret("dop_v1_canary")).keys("0" * 20)
sys.exit(log_in("127.0.0.1", keys, sys.argv[3:], port=int(sys.argv[1]), user=sys.argv[2]))
"""


async def ssh(port: int, *command: str) -> int:
    """Log in while the server goes on."""
    return await asyncio.to_thread(_ssh, port, command)


def _ssh(port: int, command: Sequence[str]) -> int:
    arguments = [sys.executable, "-c", LOGIN, str(port), USER, *command]
    return subprocess.run(arguments, check=False, stdin=subprocess.DEVNULL).returncode


async def test_exit_code_and_output(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A command's output and exit code are those of the command, options and all."""
    async with serving(KEYS, tmp_path) as server:
        assert await ssh(server.port, "echo inside; exit 7") == 7
        assert await ssh(server.port, "printf", "%s-", "a", "b") == 0
        assert await ssh(server.port, "-V") != 0  # it is the shell's to refuse, not ssh's to obey
    assert capfd.readouterr().out == "inside\na-b-"


async def test_stranger(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A machine with another host key is refused, even if it would let us in."""
    async with serving(STRANGER, tmp_path, authorized=KEYS.client_public) as server:
        assert await ssh(server.port, "echo inside") == 255
        assert server.logged("Accepted publickey") == 0
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "Host key verification failed" in printed.err


async def test_configuration_takes_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An agent with other keys changes nothing, and neither does a directory with a space."""
    strange = tmp_path / "with a space"
    strange.mkdir()
    monkeypatch.setenv("TMPDIR", str(strange))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "nobody"))
    async with serving(KEYS, tmp_path) as server:
        assert await ssh(server.port, "echo inside") == 0
    assert capfd.readouterr().out == "inside\n"
    assert list(strange.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_key_goes_with_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """While it runs the key is readable by its owner only; a signal leaves nothing behind."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    async with serving(KEYS, tmp_path) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", LOGIN, str(server.port), USER, "echo inside; sleep 60"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"inside\n"
        (key,) = folder.glob("*/key")
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.parent.stat().st_mode & 0o777 == 0o700
        process.send_signal(number)
        assert await process.wait() == 128 + number
    assert list(folder.iterdir()) == []


def test_no_ssh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the program the message says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unreachable, match="openssh-client"):
        log_in("127.0.0.1", KEYS, ())
