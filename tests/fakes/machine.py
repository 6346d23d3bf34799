"""Shells and ways into machines that are played."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from docklet.domain.errors import HostKeyMismatch
from docklet.domain.keys import LoginKeys, RunKeys
from docklet.domain.secret import Secret
from docklet.ports import Completed
from docklet.render.adoption import MARK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from docklet.domain.adoption import HostKey
    from docklet.domain.identity import RunKey
    from tests.machines import FakeMachine


class FakeShell:
    """A shell on a `FakeMachine`, for whoever expects the host key that it shows."""

    def __init__(self, machine: FakeMachine, keys: LoginKeys | None = None) -> None:
        self.machine = machine
        self.keys = keys
        self.closed = False

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"") -> Completed:
        """Run a command of the agent's."""
        self._connect()
        return await self.machine.answer(_verb(argv), stdin)

    async def stream(self, argv: Sequence[str], *, stdin: bytes = b"") -> AsyncIterator[bytes]:
        """Yield what a command of the agent's yields."""
        self._connect()
        async for piece in self.machine.stream(_verb(argv), stdin):
            yield piece

    async def send(self, argv: Sequence[str], *, source: AsyncIterator[bytes]) -> Completed:
        """Run a command of the agent's whose standard input is a stream."""
        self._connect()
        return await self.machine.answer(_verb(argv), b"".join([piece async for piece in source]))

    async def close(self) -> None:
        """Note that it was called."""
        self.closed = True

    def _connect(self) -> None:
        """Refuse a machine that is not the expected one."""
        shown = self.machine.shown_key
        if self.keys is not None and shown not in {"", self.keys.host_public}:
            message = "The machine has another host key than the droplet of this run."
            raise HostKeyMismatch(message)


def _verb(argv: Sequence[str]) -> str:
    """Return which of the agent's verbs a command line is; else the program's name."""
    if len(argv) == 1:
        return argv[0]
    if argv[1] == "-c":
        return "install" if len(argv) > 3 else "authorise"
    return argv[2]


class FakeLogin:
    """A user's way into one machine, which runs the scripts of an adoption."""

    def __init__(self, machine: FakeMachine) -> None:
        self.machine = machine
        self.host_key = "ssh-ed25519 AAAA"
        """What lies in the file with the machine's host key."""
        self.lacks = ""
        """Words for what runs need and the machine has not."""
        self.authorized = ["ssh-ed25519 user me@home"]
        """The lines of root's `authorized_keys`."""
        self.exit_code = 0
        self.addresses: list[str] = []
        self.failure: Exception | None = None

    async def run(self, address: str, script: str) -> Completed:
        """Let a key in or take it out, and answer."""
        self.addresses.append(address)
        if self.failure is not None:
            raise self.failure
        found = re.search(r"echo 'restrict (\S+ \S+) (\S+)'", script)
        said = f"{MARK} removed"
        if found is None:
            taken = re.findall(r"docklet-adopted-\d+", script)
            self.authorized = [k for k in self.authorized if not k.endswith(tuple(taken))]
        elif self.lacks:
            said = f"{MARK} missing {self.lacks}"
        else:
            line = f"restrict {found[1]} {found[2]}"
            self.authorized += [line] * (line not in self.authorized)
            said = f"{MARK} host-key {self.host_key}"
        stdout = f"Welcome!\n{said}\n".encode() if not self.exit_code else b""
        return Completed(exit_code=self.exit_code, stdout=stdout, stderr=b"")


class FakeAccess:
    """The way to the one machine that there is; keys are named after their run."""

    def __init__(self, machine: FakeMachine) -> None:
        self.machine = machine
        self.shells: list[FakeShell] = []
        self.addresses: list[str] = []

    def keys(self, run: RunKey) -> RunKeys:
        """Return the run's keys."""
        return RunKeys(
            host_private=Secret(f"host key of {run}"),
            host_public=f"ssh-ed25519 host-{run}",
            client_private=Secret(f"client key of {run}"),
            client_public=f"ssh-ed25519 client-{run}",
        )

    def client_key(self, droplet_id: int) -> str:
        """Return the public key for an adopted droplet."""
        return f"ssh-ed25519 client-{droplet_id}"

    def adopted_keys(self, droplet_id: int, host: HostKey) -> LoginKeys:
        """Return the keys for an adopted droplet."""
        return LoginKeys(
            host_public=host.line,
            client_private=Secret(f"client key of {droplet_id}"),
            client_public=self.client_key(droplet_id),
        )

    def seal(self, run: RunKey, text: str) -> str:
        """Return a digest, which anybody could make."""
        return hashlib.sha256(f"{run} {text}".encode()).hexdigest()

    def hide(self, run: RunKey, text: str) -> str:
        """Return the text in hexadecimal, which anybody can read."""
        return f"{run} {text.encode().hex()}"

    def unhide(self, run: RunKey, text: str) -> str:
        """Return the text again."""
        return bytes.fromhex(text.removeprefix(f"{run} ")).decode()

    def shell(self, address: str, keys: LoginKeys) -> FakeShell:
        """Return a shell on the machine."""
        self.addresses.append(address)
        self.shells.append(FakeShell(self.machine, keys))
        return self.shells[-1]
