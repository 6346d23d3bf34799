"""What the user asked for, once parsed: raw strings stop in front of these types."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from docklet.domain.secret import Secret


class Push(StrEnum):
    """How results come back."""

    BRANCH = "branch"
    PULL_REQUEST = "pull-request"
    NONE = "none"


class Keep(StrEnum):
    """When the droplet outlives its run."""

    NEVER = "never"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"


class CommentOn(StrEnum):
    """Where the status comment goes."""

    COMMIT = "commit"
    PULL_REQUEST = "pull-request"
    AUTO = "auto"
    NONE = "none"


class Submodules(StrEnum):
    """Which submodules are checked out."""

    NO = "false"
    YES = "true"
    RECURSIVE = "recursive"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLogin:
    """Credentials for a private image; used for the pull only."""

    username: str
    """The registry's user name."""
    password: Secret
    """Password or token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One job, as the user described it."""

    script: str
    """What to run, relative to `path`."""
    path: str = "."
    """Working directory inside the repository."""
    image: str
    """Docker image that holds the environment."""
    registry: RegistryLogin | None = None
    """How to log in to the image's registry."""
    size: str = "s-2vcpu-4gb"
    """Droplet size slug."""
    regions: tuple[str, ...] = ("nyc3",)
    """Region slugs, tried in order."""
    argv: tuple[str, ...]
    """The whole command line that runs in the container, interpreter first."""
    env: Mapping[str, Secret] = field(default_factory=dict)
    """Variables for the script."""
    ref: str = ""
    """What to check out; empty means the triggering commit."""
    fetch_depth: int = 1
    """Commits of history to fetch; 0 means all."""
    submodules: Submodules = Submodules.NO
    """Which submodules are checked out."""
    lfs: bool = False
    """Whether LFS files are fetched."""
    push: Push = Push.BRANCH
    """How results come back."""
    branch: str = ""
    """Where results go; empty means the triggering branch."""
    paths: tuple[str, ...] = (".",)
    """Which changed paths are committed."""
    commit_message: str = ""
    """Subject (and body) of the results commit; empty means a generated one."""
    timeout: int = 5 * 3600
    """Seconds that the script may take."""
    max_cost: Decimal | None = None
    """Dollars that the run may cost in the worst case."""
    keep: Keep = Keep.NEVER
    """When the droplet outlives its run."""
    keep_for: int = 3600
    """Seconds that a kept droplet lives on."""
    droplet: str = ""
    """Id or name of an existing droplet to run on; never deleted."""
    droplet_image: str = "auto"
    """Image slug, snapshot name or id that the droplet boots."""
    private_network: bool = False
    """Whether the script may reach private addresses around the droplet."""
    ssh_keys: tuple[str, ...] = ()
    """Public keys, or `github:USER`, that get into a kept droplet."""
    comment: CommentOn = CommentOn.COMMIT
    """Where the status comment goes."""

    @property
    def gpu(self) -> bool:
        """Tell whether the size is one with GPUs (DigitalOcean names them `gpu-...`)."""
        return self.size.startswith("gpu-")
