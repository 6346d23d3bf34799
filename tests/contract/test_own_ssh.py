"""The user's own `ssh`: it trusts whom the user trusts, and never anybody."""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncssh
import pytest

from docklet.adapters.ssh.keys import SshAccess
from docklet.adapters.ssh.login import OwnSsh
from docklet.adapters.ssh.shell import SshShell
from docklet.domain.adoption import host_key_of
from docklet.domain.errors import HostKeyMismatch, KeyRefused, Unreachable
from docklet.domain.identity import RunKey
from docklet.domain.secret import Secret
from tests.contract.sshd import USER, needs_sshd, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.contract.sshd import Sshd

ACCESS = SshAccess(token=Secret("dop_v1_canary"))
KEYS, STRANGER = ACCESS.keys(RunKey("0" * 20)), ACCESS.keys(RunKey("1" * 20))
pytestmark = [
    needs_sshd,
    pytest.mark.skipif(shutil.which("ssh") is None, reason="OpenSSH's client is not installed"),
]


@asynccontextmanager
async def machine(folder: Path, *lines: str) -> AsyncIterator[tuple[Sshd, str]]:
    """Run a server that the user knows, and write the user's configuration plus `lines`."""
    async with serving(KEYS, folder, level="DEBUG1") as server:
        private = folder / "key"
        private.touch(mode=0o600)
        private.write_text(KEYS.client_private.reveal())
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {KEYS.host_public}\n")
        (folder / "strangers").write_text(f"[127.0.0.1]:{server.port} {STRANGER.host_public}\n")
        settings = (
            *lines,
            f"Port {server.port}",
            f"User {USER}",
            f"IdentityFile {private}",
            "IdentitiesOnly yes",
            "BatchMode yes",
            f"UserKnownHostsFile {folder}/known_hosts",
        )
        config = folder / "config"
        config.write_text("\n".join(("Host *", *settings)) + "\n")
        yield server, str(config)


def login(config: str, *options: str) -> OwnSsh:
    """Return the user's way in; the account is the one that runs the tests."""
    environ = {"PATH": os.environ["PATH"]}
    return OwnSsh(("-F", config, "-o", f"User={USER}", *options), env=environ)


async def test_script(tmp_path: Path) -> None:
    """A script runs over there, with no argument to be quoted, and its exit code comes back."""
    async with machine(tmp_path) as (_, config):
        done = await login(config).run("127.0.0.1", "echo \"it's\" '$HOME'; tty; exit 7\n")
    assert (done.exit_code, done.stdout) == (7, b"it's $HOME\nnot a tty\n")


@pytest.mark.parametrize(
    "settings",
    [
        ("RemoteCommand false", "RequestTTY force"),
        ("ForwardAgent yes", "ForwardX11 yes", "LocalForward 127.0.0.1:1 127.0.0.1:1"),
    ],
)
async def test_configuration_for_people(tmp_path: Path, settings: tuple[str, ...]) -> None:
    """What a user has set for their own logins does not get into the way."""
    async with machine(tmp_path, *settings) as (_, config):
        done = await login(config).run("127.0.0.1", "tty\n")
    assert done.stdout == b"not a tty\n"


async def test_stranger(tmp_path: Path) -> None:
    """A machine that is not the one in the user's known hosts gets nothing."""
    async with machine(tmp_path) as (server, config):
        known = f"UserKnownHostsFile={tmp_path}/strangers"
        with pytest.raises(Unreachable, match=r"`ssh root@127\.0\.0\.1` did not get in"):
            await login(config, "-o", known).run("127.0.0.1", "true")
        assert server.logged("Accepted publickey") == 0
        assert server.logged("userauth-request") == 0


@pytest.mark.parametrize("value", ["no", "off"])
@pytest.mark.parametrize("where", ["option", "configuration"])
async def test_anybody(tmp_path: Path, where: str, value: str) -> None:
    """Where `ssh` would not check who answers, it is not even called."""
    lines = (f"StrictHostKeyChecking {value}",) if where == "configuration" else ()
    options = () if lines else ("-o", f"StrictHostKeyChecking={value}")
    async with machine(tmp_path, *lines) as (server, config):
        with pytest.raises(HostKeyMismatch, match="does not check the host key"):
            await login(config, *options).run("127.0.0.1", "true")
        assert server.logged("software version OpenSSH") == 0
        if lines:
            again = login(config, "-o", "StrictHostKeyChecking=ask")
            assert (await again.run("127.0.0.1", "true")).exit_code == 0
            assert server.logged("software version OpenSSH") == 1


async def test_first_sight(tmp_path: Path) -> None:
    """Whether an unknown machine is let pass is the user's decision and nobody else's."""
    async with machine(tmp_path) as (_, config):
        unknown = ("-o", f"UserKnownHostsFile={tmp_path}/new")
        with pytest.raises(Unreachable):
            await login(config, *unknown).run("127.0.0.1", "true")
        careful = (*unknown, "-o", "StrictHostKeyChecking=accept-new")
        assert (await login(config, *careful).run("127.0.0.1", "true")).exit_code == 0
    assert KEYS.host_public in (tmp_path / "new").read_text()


async def test_wrong_options(tmp_path: Path) -> None:
    """Options that `ssh` does not take are its own to explain."""
    async with machine(tmp_path) as (_, config):
        with pytest.raises(Unreachable, match="stands above"):
            await login(config, "-o", "Nonsense=1").run("127.0.0.1", "true")


async def test_tokens_stay_here(tmp_path: Path) -> None:
    """`ssh` sees the environment that it is given, so it has no token to send."""
    shown = tmp_path / "shown"
    async with machine(tmp_path) as (_, config):
        proxy = ("-o", f"ProxyCommand=sh -c 'env > {shown}; exit 1'")
        with pytest.raises(Unreachable):
            await login(config, *proxy).run("127.0.0.1", "true")
    names = {line.partition("=")[0] for line in shown.read_text().splitlines()}
    assert names <= {"PATH", "PWD", "OLDPWD", "SHLVL", "_"}


async def test_no_ssh(tmp_path: Path) -> None:
    """Without the program the message says what to install."""
    with pytest.raises(Unreachable, match="openssh-client"):
        await OwnSsh(env={"PATH": str(tmp_path)}).run("127.0.0.1", "true")


async def test_restricted_key(tmp_path: Path) -> None:
    """The line of an adoption lets in commands, and neither a terminal nor a tunnel."""
    keys = ACCESS.adopted_keys(7, host_key_of(KEYS.host_public))
    line = f"restrict {keys.client_public} docklet-adopted-7"
    async with serving(KEYS, tmp_path, authorized=line) as server:
        shell = SshShell("127.0.0.1", keys, port=server.port, username=USER)
        assert (await shell.run(["cat"], stdin=b"data")).stdout == b"data"
        await shell.close()
        key = asyncssh.import_private_key(keys.client_private.reveal())
        async with asyncssh.connect(
            *("127.0.0.1", server.port), username=USER, client_keys=[key], known_hosts=None
        ) as thief:
            with pytest.raises(asyncssh.ChannelOpenError):
                await thief.open_connection("127.0.0.1", server.port)
            with pytest.raises(asyncssh.ChannelOpenError, match="PTY"):
                await thief.run("tty", term_type="xterm")


async def test_key_of_another_token(tmp_path: Path) -> None:
    """A key that derives from another token is refused, which is told from a silent machine."""
    other = SshAccess(token=Secret("dop_v1_other"))
    host = host_key_of(KEYS.host_public)
    async with serving(KEYS, tmp_path, authorized=ACCESS.client_key(7)) as server:
        shell = SshShell("127.0.0.1", other.adopted_keys(7, host), port=server.port, username=USER)
        with pytest.raises(KeyRefused, match="does not accept"):
            await shell.run(["true"])
