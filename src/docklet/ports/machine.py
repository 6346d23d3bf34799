"""What docklet needs of a machine, and the ways into one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from docklet.domain.adoption import HostKey
    from docklet.domain.identity import RunKey
    from docklet.domain.keys import LoginKeys, RunKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A command that ended on the other side."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class Shell(Protocol):
    """A way to run commands on one machine: over SSH, or on this one."""

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"") -> Completed:
        """Run a command to its end; raise `ConnectionLost` when the end was not seen.

        Connects first, where that is needed, and raises `Unreachable` when it can't.
        """

    def stream(self, argv: Sequence[str], *, stdin: bytes = b"") -> AsyncIterator[bytes]:
        """Yield a command's standard output as it comes.

        Ends when the command exits with 0; raises `ConnectionLost` when it was cut, and
        `AgentError` with kind `exit-N` and the standard error when it exits with N.
        """

    async def send(self, argv: Sequence[str], *, source: AsyncIterator[bytes]) -> Completed:
        """Run a command whose standard input is `source`."""

    async def close(self) -> None:
        """Hang up; never raises."""


class Login(Protocol):
    """The user's own way into a machine, by their keys and their known hosts."""

    async def run(self, address: str, script: str) -> Completed:
        """Run a shell script as root at `address`; raise `Unreachable` when nobody got in.

        What the script writes to standard error goes to the user.
        """


class Access(Protocol):
    """The way into a droplet: a run's own, or an adopted one."""

    def keys(self, run: RunKey) -> RunKeys:
        """Derive the run's key pairs; the same run gives the same keys in any process."""

    def client_key(self, droplet_id: int) -> str:
        """Derive our public key for an adopted droplet, one line for `authorized_keys`."""

    def adopted_keys(self, droplet_id: int, host: HostKey) -> LoginKeys:
        """Derive our key for an adopted droplet, which is known by `host`."""

    def seal(self, run: RunKey, text: str) -> str:
        """Return what shows that `text` is about `run` and by somebody with the cloud token."""

    def hide(self, run: RunKey, text: str) -> str:
        """Encrypt a text about `run`, for whoever has the cloud token."""

    def unhide(self, run: RunKey, text: str) -> str:
        """Decrypt what `hide` made and `seal` vouches for."""

    def shell(self, address: str, keys: LoginKeys) -> Shell:
        """Return a shell on the machine at `address`, which connects when it is first used."""
