"""The user's own OpenSSH client: their configuration, keys, agent, known hosts and passwords.

Whom it trusts is the user's decision, so it is never told to trust more, and it is not used at
all where it would trust anybody.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from docklet.adapters.threads import in_daemon_thread
from docklet.domain.errors import HostKeyMismatch, Unreachable
from docklet.ports import Completed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_UNCHECKED: Final = {"no", "off", "false"}
"""Values of StrictHostKeyChecking with which any machine will do."""
_FAILED: Final = 255
"""The exit code of `ssh` itself; others are the command's."""
_OPTIONS: Final = (
    *("-T", "-a", "-x"),
    *("-o", "ClearAllForwardings=yes"),
    *("-o", "ConnectTimeout=20"),
    *("-o", "RemoteCommand=none"),
)
"""No terminal, nothing forwarded; what the user's options say goes first."""
_MISSING: Final = (
    "OpenSSH's `ssh` is not installed. Install it (Debian and Ubuntu: `openssh-client`)."
)
_CARELESS: Final = (
    "Your SSH configuration does not check the host key of {address} (StrictHostKeyChecking is"
    " `{value}`), so docklet would trust whoever answers, and for ever. Give"
    " `-o StrictHostKeyChecking=ask`."
)
_NOT_IN: Final = (
    "`ssh {where}` did not get in; what it said stands above. See to it that `ssh {where} true`"
    " works first, with `-i`, `-F` or `-o` if it needs more than your configuration says."
)


class OwnSsh:
    """Logs in as root by `ssh` as the user would type it, in front of the user."""

    def __init__(self, options: Sequence[str] = (), *, env: Mapping[str, str]) -> None:
        """Take further options for `ssh`, and what it sees of the environment: no token."""
        self._options = tuple(options)
        self._env = dict(env)

    async def run(self, address: str, script: str) -> Completed:
        """Run a shell script as root at `address`; raise `Unreachable` when nobody got in."""
        return await in_daemon_thread(lambda: self._run(address, script))

    def _run(self, address: str, script: str) -> Completed:
        """Run it; questions of `ssh` go to the terminal, its errors to standard error."""
        where = f"root@{address}"
        self._check(address, where)
        argv = [self._program(), *self._options, *_OPTIONS, where, "sh", "-s"]
        done = subprocess.run(
            argv, input=script.encode(), stdout=subprocess.PIPE, env=self._env, check=False
        )
        if done.returncode == _FAILED or done.returncode < 0:
            raise Unreachable(_NOT_IN.format(where=where))
        return Completed(exit_code=done.returncode, stdout=done.stdout, stderr=b"")

    def _check(self, address: str, where: str) -> None:
        """Ask `ssh`, which connects to nobody for that, whether it would check the host key."""
        argv = [self._program(), "-G", *self._options, where]
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=self._env, check=False
        )
        lines = done.stdout.decode(errors="replace").splitlines()
        settings = dict(line.split(" ", 1) for line in lines if " " in line)
        value = settings.get("stricthostkeychecking", "")
        if done.returncode or not value:
            raise Unreachable(_NOT_IN.format(where=where))
        if value in _UNCHECKED:
            raise HostKeyMismatch(_CARELESS.format(address=address, value=value))

    def _program(self) -> str:
        """Return where `ssh` is."""
        program = shutil.which("ssh", path=self._env.get("PATH"))
        if program is None:
            raise Unreachable(_MISSING)
        return program
