"""The system's OpenSSH client, for a person at a terminal.

It gets a run's keys in a directory that is gone afterwards, and nothing of the user's own
configuration, agent, keys or known hosts.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from docklet.domain.keys import RunKeys

PORT: Final = 22
_ALIAS: Final = "droplet"
"""What the droplet is called in its known-hosts file, whatever its address is."""
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
_MISSING: Final = (
    "OpenSSH's `ssh` is not installed. Install it (Debian and Ubuntu: `openssh-client`)."
)


def log_in(
    address: str, keys: RunKeys, command: Sequence[str], *, port: int = PORT, user: str = "root"
) -> int:
    """Run `ssh` to its end, with this process's terminal, and return its exit code.

    `command` is joined by spaces and read by the shell over there, as is `ssh`'s own way.
    """
    program = shutil.which("ssh")
    if program is None:
        raise Unreachable(_MISSING)
    with _files(keys) as directory, _signals():
        where = (f"-p{port}", f"{user}@{address}")
        tail = ("--", *command) if command else ()
        code = subprocess.call([program, *_options(directory), *where, *tail])
    return code if code >= 0 else 128 - code


@contextmanager
def _files(keys: RunKeys) -> Iterator[Path]:
    """Provide a directory with the key and the one known host."""
    with tempfile.TemporaryDirectory(prefix="docklet-ssh-") as name:
        directory = Path(name)
        private = os.open(directory / "key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
        with os.fdopen(private, "w") as file:
            file.write(keys.client_private.reveal())
        (directory / "known_hosts").write_text(f"{_ALIAS} {keys.host_public}\n")
        yield directory


@contextmanager
def _signals() -> Iterator[None]:
    """Let `ssh` answer Ctrl-C, and end in good order on the signals that end a process."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in _ENDING}
    # A handler that does nothing: an ignored signal would stay ignored in `ssh`.
    before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _options(directory: Path) -> tuple[str, ...]:
    """Return the options that pin both keys; `-F` with an empty file reads no configuration."""
    settings = {
        "BatchMode": "yes",
        "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlgorithms": "ssh-ed25519",
        "HostKeyAlias": _ALIAS,
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "IdentityFile": f'"{directory / "key"}"',
        "PreferredAuthentications": "publickey",
        "ServerAliveInterval": "15",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "UserKnownHostsFile": f'"{directory / "known_hosts"}"',
    }
    pairs = [("-o", f"{name}={value}") for name, value in settings.items()]
    return ("-F", "/dev/null", *(word for pair in pairs for word in pair))
