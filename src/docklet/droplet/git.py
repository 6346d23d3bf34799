"""git, started so that neither the machine's nor the user's settings take part."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from docklet.droplet.failure import Failure

# What a machine may need to reach the network at all; everything else is left behind.
PASSED_ON = (
    "PATH",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "CURL_CA_BUNDLE",
    *(
        name
        for proxy in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
        for name in (proxy, proxy.upper())
    ),
)

SAFE = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
    "init.defaultBranch=main",
    "submodule.recurse=false",
    "protocol.allow=never",
)


class GitFailed(Exception):
    """A git command that exited with another status than 0."""

    def __init__(self, complaint: str) -> None:
        super().__init__(complaint)
        self.complaint = complaint


@dataclass(frozen=True)
class Git:
    """A work tree and the terms on which git touches it."""

    tree: str
    options: tuple[str, ...] = ()
    """Configuration beyond `SAFE`."""
    descriptors: tuple[int, ...] = ()
    """To be inherited by git."""

    def run(self, *arguments: str) -> bytes:
        """Run a git command and return its standard output; raise `GitFailed`."""
        try:
            done = subprocess.run(
                self._argv(arguments),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                env=environment(),
                pass_fds=self.descriptors,
            )
        except FileNotFoundError as error:
            raise Failure("git-missing", "There is no git on this machine.") from error
        if done.returncode != 0:
            raise GitFailed(done.stderr.decode("utf-8", "replace").strip())
        return done.stdout

    def succeeds(self, *arguments: str) -> bool:
        """Tell whether a git command exits with 0."""
        try:
            self.run(*arguments)
        except GitFailed:
            return False
        return True

    def inside(self, directory: str) -> Git:
        """Return the same terms for a work tree below this one."""
        return Git(os.path.join(self.tree, directory), self.options, self.descriptors)

    def _argv(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        settings = [part for option in SAFE + self.options for part in ("-c", option)]
        return ("git", *settings, "-C", self.tree, *arguments)


def environment() -> dict[str, str]:
    """Return git's whole environment."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    fixed = {
        # Nobody's: a `.netrc` or `.config/git` there would take part.
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    return {**passed, **fixed}
