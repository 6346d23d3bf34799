"""The folder in which a sandbox keeps all that it has on disk, and by which it is found again.

The server holds a lock on the pid file while it lives, so that nobody mistakes a stranger's
process for it, however it ended.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self, TextIO

DEFAULT_STATE = Path(".sandbox")
_MARK = "# the state of a docklet sandbox: all of it may be deleted\n*\n"


class SandboxError(Exception):
    """What the user is told when the sandbox cannot do what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where a running sandbox answers, and with which tokens."""

    id: str
    pid: int
    machines: str
    """`docker`, `light` or `none`."""
    state: str
    cloud: str
    """Base URL of the DigitalOcean API."""
    forge: str
    """Base URL for git and web pages."""
    forge_api: str
    """Base URL of the GitHub REST API."""
    network: str
    """Docker's name of the network, for containers that join it; empty where there is none."""
    registry: str
    """Base URL of the image registry; empty where there is none."""
    private_registry: str
    """Base URL of the same registry behind a password; empty where there is none."""
    registry_username: str
    registry_password: str
    control: str
    ca: str
    """File with the certificate authority alone."""
    bundle: str
    """File with the system's authorities and the sandbox's."""
    cloud_token: str
    forge_token: str
    """A person's token for the forge, which may do everything."""
    workflow_token: str
    """A token as a workflow gets it, with all that docklet ever needs."""

    def environment(self) -> dict[str, str]:
        """Return the variables that point docklet, git, curl and Python programs here."""
        return {
            "DIGITALOCEAN_API_URL": self.cloud,
            "DIGITALOCEAN_TOKEN": self.cloud_token,
            "GITHUB_API_URL": self.forge_api,
            "GITHUB_SERVER_URL": self.forge,
            "GITHUB_TOKEN": self.forge_token,
            "REQUESTS_CA_BUNDLE": self.bundle,
            "SSL_CERT_FILE": self.bundle,
            "CURL_CA_BUNDLE": self.bundle,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The files of one sandbox."""

    root: Path

    @classmethod
    def at(cls, folder: Path | str = DEFAULT_STATE) -> Self:
        """Return the state in a folder, which need not exist."""
        return cls(root=Path(folder).resolve())

    @property
    def id(self) -> str:
        """The sandbox's name in labels; it follows from the folder, so it survives anything."""
        return hashlib.sha256(str(self.root).encode()).hexdigest()[:8]

    @property
    def logs(self) -> Path:
        """The folder for the server's own output and the journal."""
        return self.root / "logs"

    @property
    def git(self) -> Path:
        """The folder for the forge's repositories."""
        return self.root / "git"

    @property
    def _addresses(self) -> Path:
        return self.root / "addresses.json"

    @property
    def _pid(self) -> Path:
        return self.root / "pid"

    @property
    def _machines(self) -> Path:
        return self.root / "machines"

    @property
    def _mark(self) -> Path:
        return self.root / ".gitignore"

    def prepare(self) -> None:
        """Make the folder, empty but for the logs; refuse a folder that is not ours."""
        if (pid := self.pid()) is not None:
            message = (
                f"A sandbox runs in {self.root} already (pid {pid}). "
                "Stop it with `python -m docklet_sandbox down`, or choose another --state."
            )
            raise SandboxError(message)
        self._check_ours()
        for path in (self._addresses, self._pid):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.git, ignore_errors=True)
        self.git.mkdir(parents=True)
        self.logs.mkdir(exist_ok=True)
        self._mark.write_text(_MARK, encoding="utf-8")

    def claim(self, machines: str) -> TextIO:
        """Lock the folder for this process, for as long as the file returned is open.

        The kind of machines is noted first, so that a crash at any moment can be cleaned up after.
        """
        self.prepare()
        self._machines.write_text(machines, encoding="utf-8")
        lock = self._pid.open("w", encoding="utf-8")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def pid(self) -> int | None:
        """Return the living server's process id; None if none lives."""
        try:
            with self._pid.open(encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return int(file.read() or 0)
        except FileNotFoundError:
            pass
        return None

    def publish(self, addresses: Addresses) -> None:
        """Write down where the sandbox answers, in one step."""
        draft = self._addresses.with_suffix(".new")
        draft.write_text(json.dumps(asdict(addresses), indent=2) + "\n", encoding="utf-8")
        draft.replace(self._addresses)

    def machines(self) -> str:
        """Return the kind of machines of the sandbox that is or was here, if any."""
        return self._machines.read_text(encoding="utf-8") if self._machines.exists() else ""

    def ready(self) -> bool:
        """Say whether a sandbox lives here and has said where it answers."""
        return self.pid() is not None and self._addresses.exists()

    def addresses(self) -> Addresses:
        """Return where the running sandbox answers; raise SandboxError if none runs."""
        if not self.ready():
            message = (
                f"No sandbox runs in {self.root}. Start one there with "
                "`python -m docklet_sandbox serve --background`, or name its folder with --state."
            )
            raise SandboxError(message)
        return Addresses(**json.loads(self._addresses.read_text(encoding="utf-8")))

    def retire(self) -> None:
        """Take the addresses back; logs and repositories stay for a look."""
        self._addresses.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder, but only if a sandbox made it."""
        self._check_ours()
        shutil.rmtree(self.root, ignore_errors=True)

    def _check_ours(self) -> None:
        if self._mark.exists() and self._mark.read_text(encoding="utf-8") == _MARK:
            return
        if self.root.exists() and (not self.root.is_dir() or any(self.root.iterdir())):
            message = f"{self.root} is not a sandbox's folder, so nothing in it is touched."
            raise SandboxError(message)
