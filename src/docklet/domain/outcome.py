"""How a run can end: a closed list of reasons, each with a status and an exit code of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from docklet.domain.diffstat import Lines


class Status(StrEnum):
    """What a person wants to know first."""

    SUCCESS = "success"
    """The script ended with 0 and its results are where they were asked for."""
    FAILURE = "failure"
    """The user's script failed."""
    DIVERTED = "diverted"
    """The script succeeded, and its results are safe, but not where they were asked for."""
    INVALID = "invalid"
    """The user's configuration is wrong; nothing was started that costs money."""
    ERROR = "error"
    """docklet, the cloud or the forge failed."""
    CANCELLED = "cancelled"
    """Somebody stopped the run."""


class Reason(StrEnum):
    """Why a run ended as it did."""

    DONE = "done"
    NO_CHANGES = "no-changes"
    SCRIPT_EXIT = "script-exit"
    TIMED_OUT = "timed-out"
    OUT_OF_MEMORY = "out-of-memory"
    DISK_FULL = "disk-full"
    INVALID_INPUT = "invalid-input"
    INVALID_EVENT = "invalid-event"
    CLOUD_DENIED = "cloud-denied"
    FORGE_DENIED = "forge-denied"
    QUOTA = "quota"
    UNAVAILABLE = "unavailable"
    IMAGE_NOT_PULLED = "image-not-pulled"
    IMAGE_CANNOT_RUN = "image-cannot-run"
    NOT_CLONED = "not-cloned"
    CREATE_FAILED = "create-failed"
    CLOUD_FAILED = "cloud-failed"
    UNREACHABLE = "unreachable"
    HOST_KEY = "host-key"
    DROPLET_LOST = "droplet-lost"
    FORGE_FAILED = "forge-failed"
    AGENT_FAILED = "agent-failed"
    RUNNER_LOST = "runner-lost"
    PUSHED_ELSEWHERE = "pushed-elsewhere"
    PARTLY_PUSHED = "partly-pushed"
    NOT_PUSHED = "not-pushed"
    NOT_COLLECTED = "not-collected"
    NOT_DELETED = "not-deleted"
    CANCELLED = "cancelled"


_ENDINGS: Mapping[Reason, tuple[Status, int]] = {
    Reason.DONE: (Status.SUCCESS, 0),
    Reason.NO_CHANGES: (Status.SUCCESS, 0),
    Reason.SCRIPT_EXIT: (Status.FAILURE, 10),
    Reason.TIMED_OUT: (Status.FAILURE, 11),
    Reason.OUT_OF_MEMORY: (Status.FAILURE, 12),
    Reason.DISK_FULL: (Status.FAILURE, 13),
    Reason.INVALID_INPUT: (Status.INVALID, 20),
    Reason.INVALID_EVENT: (Status.INVALID, 21),
    Reason.CLOUD_DENIED: (Status.INVALID, 22),
    Reason.FORGE_DENIED: (Status.INVALID, 23),
    Reason.QUOTA: (Status.INVALID, 24),
    Reason.UNAVAILABLE: (Status.INVALID, 25),
    Reason.IMAGE_NOT_PULLED: (Status.INVALID, 26),
    Reason.IMAGE_CANNOT_RUN: (Status.INVALID, 27),
    Reason.NOT_CLONED: (Status.INVALID, 28),
    Reason.CREATE_FAILED: (Status.ERROR, 30),
    Reason.CLOUD_FAILED: (Status.ERROR, 31),
    Reason.UNREACHABLE: (Status.ERROR, 32),
    Reason.HOST_KEY: (Status.ERROR, 33),
    Reason.DROPLET_LOST: (Status.ERROR, 34),
    Reason.FORGE_FAILED: (Status.ERROR, 35),
    Reason.AGENT_FAILED: (Status.ERROR, 36),
    Reason.RUNNER_LOST: (Status.ERROR, 37),
    Reason.PUSHED_ELSEWHERE: (Status.DIVERTED, 40),
    Reason.PARTLY_PUSHED: (Status.DIVERTED, 44),
    Reason.NOT_PUSHED: (Status.ERROR, 41),
    Reason.NOT_COLLECTED: (Status.ERROR, 42),
    Reason.NOT_DELETED: (Status.ERROR, 43),
    Reason.CANCELLED: (Status.CANCELLED, 50),
}


def status_of(reason: Reason) -> Status:
    """Return the status that `reason` belongs to."""
    return _ENDINGS[reason][0]


def exit_code_of(reason: Reason) -> int:
    """Return the process's exit code for `reason`: 0 for success, unique for each failure."""
    return _ENDINGS[reason][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A result that was not committed."""

    path: str
    """Path relative to the repository's root."""
    reason: str
    """Why, as the end of a sentence."""
    archived: bool = False
    """Whether the results archive has it."""
    lost: bool = False
    """Whether it is a result of which nothing is left."""
    more: int = 0
    """How many others, of the same fate, it stands for that are not named."""


class FileChange(StrEnum):
    """What a commit does to a file."""

    NEW = "new"
    CHANGED = "changed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedFile:
    """A file that the results commit brings, changes or takes away."""

    path: str
    """Relative to the repository's root; bytes that are no UTF-8 are surrogates (PEP 383)."""
    change: FileChange
    size: int | None = None
    """Bytes that it has now; None for one that is gone, or that Git LFS keeps."""
    regular: bool = True
    """Whether it is a file and not a symbolic link."""
    lines: Lines | None = None
    """Lines that it gains and loses; None for a binary file, or where nobody knows."""

    @property
    def is_pointer(self) -> bool:
        """Whether the commit has a few lines about the file, and Git LFS has the file."""
        return self.size is None and self.change is not FileChange.DELETED


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """Files of a commit that are counted, and not named."""

    counts: Mapping[FileChange, int] = field(default_factory=dict)
    size: int = 0
    """Bytes that they have now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a commit does."""

    files: tuple[CommittedFile, ...] = ()
    """By path; where there are very many, the first of each extension."""
    others: Others = field(default_factory=Others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Where the results went."""

    branch: str = ""
    """Branch that has them; empty when nothing was pushed."""
    as_asked: bool = False
    """Whether that is the branch, or the pull request, that was asked for."""
    commit: str = ""
    """The results commit's SHA; empty when there is none."""
    pull_request: str = ""
    """URL of the pull request that proposes them."""
    changed: tuple[str, ...] = ()
    """Paths that the results change, relative to the repository's root; the first of many."""
    more_changed: int = 0
    """How many more there are."""
    files: tuple[CommittedFile, ...] = ()
    """What the results commit changes; empty when there is none, or nobody could tell."""
    others: Others = field(default_factory=Others)
    """What it changes besides."""
    lines: Lines | None = None
    """Lines that the results commit adds and removes; None when nobody knows."""
    left_out: tuple[LeftOut, ...] = ()
    """What was produced but not committed."""
    archive: str = ""
    """Path of the archive that holds everything, when the repository does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How the machine was used for a while."""

    until: float
    """Seconds from the script's start to the end of this."""
    cpu: float
    """Mean share of all processors, 0 to 1."""
    busiest: float
    """The same in its busiest few seconds."""
    memory: int
    """Bytes in use at the worst moment."""
    disk: int
    """Bytes in use on the root disk at the worst moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the script used of the machine."""

    peak_memory: int = 0
    """Bytes in use on the machine at the worst moment."""
    memory: int = 0
    """Bytes of memory that the machine has."""
    mean_cpu: float = 0.0
    """Mean share of all processors, 0 to 1."""
    peak_disk: int = 0
    """Bytes in use on the root disk at the worst moment."""
    disk: int = 0
    """Bytes that the root disk holds."""
    stretches: tuple[Stretch, ...] = ()
    """How it went, from start to end; empty when nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended."""

    reason: Reason
    """Why it ended."""
    message: str = ""
    """Whole sentences: what happened, the likely cause, what to do."""
    exit_code: int | None = None
    """The script's own exit code, when it has one."""
    published: Published | None = None
    """Where the results went, when there were any."""
    usage: Usage | None = None
    """What the script used."""
    cost: Decimal | None = None
    """Dollars that the droplet cost until it was deleted (or, when kept, until now)."""
    seconds: float = 0.0
    """Wall time from start to end."""

    @property
    def status(self) -> Status:
        """The status that the reason belongs to."""
        return status_of(self.reason)
