"""All that docklet needs of the world, on one page.

Adapters implement these for one vendor each; `tests/fakes.py` implements each once more. Every
method raises the errors of `domain.errors` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from docklet.domain.adoption import HostKey
    from docklet.domain.events import Event
    from docklet.domain.identity import RunKey
    from docklet.domain.keys import LoginKeys, RunKeys
    from docklet.domain.outcome import LeftOut
    from docklet.domain.plan import Image, Size
    from docklet.domain.triage import Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Droplet:
    """A machine of the cloud."""

    droplet_id: int
    name: str
    status: str
    """`new`, `active`, `off` or `archive`."""
    tags: tuple[str, ...]
    region: str
    size: str
    price_hourly: Decimal
    """Dollars an hour."""
    created: float
    """Epoch seconds."""
    address: str = ""
    """Public IPv4; empty until it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropletRequest:
    """A machine to be made."""

    name: str
    tags: tuple[str, ...]
    region: str
    size: str
    image: str | int
    """Slug or id."""
    user_data: str
    """For cloud-init; ASCII, at most 64 KiB."""


class Deletion(StrEnum):
    """What the cloud says to a delete request."""

    ACCEPTED = "accepted"
    GONE = "gone"
    PENDING = "pending"
    """Another event has to end first; ask again."""


class Cloud(Protocol):
    """The cloud's API; every call is one request, unless its docstring says otherwise."""

    async def droplet_limit(self) -> int:
        """Return how many droplets the account may have."""

    async def sizes(self) -> tuple[Size, ...]:
        """Return all sizes (all pages)."""

    async def application_images(self) -> tuple[Image, ...]:
        """Return the 1-click and GPU base images (all pages)."""

    async def find_image(self, name: str) -> Image | None:
        """Return the image or own snapshot with this slug, id or name (up to two requests)."""

    async def create(self, request: DropletRequest) -> Droplet:
        """Send one create request, once.

        Raises `AmbiguousCreate` when nobody knows whether it took effect, and `CreateDeferred`
        when it surely did not and may be sent again.
        """

    async def droplet(self, droplet_id: int) -> Droplet | None:
        """Return a droplet, or None when the cloud says 404."""

    async def droplets(self, *, tag: str = "") -> tuple[Droplet, ...]:
        """Return all droplets, or those with `tag` (all pages), but no GPU droplets."""

    async def gpu_droplets(self) -> tuple[Droplet, ...]:
        """Return all GPU droplets, which the plain list leaves out (all pages)."""

    async def delete(self, droplet_id: int) -> Deletion:
        """Ask for the droplet's deletion."""

    async def unused_tags(self) -> tuple[str, ...]:
        """Return all tags that no droplet has (all pages)."""

    async def delete_tag(self, tag: str) -> None:
        """Delete a tag; one that is gone is fine."""

    async def add_tag(self, droplet_id: int, tag: str) -> None:
        """Create `tag` and put it on a droplet (two requests)."""

    async def untag(self, droplet_id: int, tag: str) -> None:
        """Take a tag off one droplet; a tag or droplet that is gone is fine."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One result, ready to be committed."""

    path: bytes
    """Relative to the repository's root, in the bytes that the script used."""
    mode: str
    """Git's file mode, `100644`, `100755` or `120000`; `000000` for a deletion."""
    blob: str
    """Blob id; empty for a deletion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What came back from the machine, in the clean git directory."""

    changes: tuple[Change, ...]
    left_out: tuple[LeftOut, ...]
    ignored: int = 0
    """How many ignored files were not collected."""


class PushVerdict(StrEnum):
    """What the forge said to a push."""

    ACCEPTED = "accepted"
    RACED = "raced"
    """Somebody else was faster; fetch and try again."""
    PROTECTED = "protected"
    DENIED = "denied"
    REFUSED = "refused"
    """Refused for the contents: too large, a secret, a workflow file."""
    UNKNOWN = "unknown"
    """The answer was lost or not understood; look before pushing again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAnswer:
    """A push's verdict and what the forge printed."""

    verdict: PushVerdict
    detail: str = ""


class Git(Protocol):
    """A clean git directory on the runner, which no script has ever touched.

    Nothing in it is checked out, so no hook or filter of the repository takes part. Attributes
    tell one thing only: which files belong into Git LFS.
    """

    async def fetch(self, revision: str) -> str | None:
        """Fetch a branch or SHA without blobs; return its commit's SHA, or None if it is gone."""

    async def find_run(self, branch: str, run: RunKey, since: float) -> str | None:
        """Return the results commit of a run on a branch, if one was made since an epoch second.

        It is known by its trailer `Docklet-Run`.
        """

    async def import_results(self, archive: Path, base: str) -> Results:
        """Store the files of a results archive, which a script made of commit `base`.

        What belongs into Git LFS becomes a pointer, by the attributes of `base` with the results.
        """

    async def upload(self, changes: Iterable[Change]) -> Mapping[bytes, str]:
        """Give the forge's LFS server what the pointers among `changes` stand for.

        Returns for each path whose file did not get there why, as the end of a sentence; it must
        not be committed.
        """

    async def changed_paths(self, before: str, after: str) -> frozenset[bytes]:
        """Return the paths in which two commits differ."""

    async def effective(self, base: str, changes: Iterable[Change]) -> tuple[Change, ...]:
        """Return those of `changes` that change anything against commit `base`."""

    async def commit(self, parent: str, changes: Iterable[Change], message: CommitMessage) -> str:
        """Commit `changes` on top of `parent` and return the new SHA."""

    async def push(self, sha: str, branch: str) -> PushAnswer:
        """Push a commit to a branch, never by force."""

    async def remote_head(self, branch: str) -> str | None:
        """Return the SHA that the forge has for `branch`, or None."""

    async def close(self) -> None:
        """Remove the directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitMessage:
    """Who says what in a commit."""

    text: str
    author: str
    """`Name <mail>`."""
    committer: str
    """`Name <mail>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A status comment on the forge."""

    comment_id: int
    url: str
    sha: str = ""
    """The commit that it is on."""
    body: str = ""
    edited: float = 0.0
    """Epoch second of its latest change."""


class Forge(Protocol):
    """The forge's API; every call is one request, unless its docstring says otherwise."""

    async def resolve(self, ref: str) -> str:
        """Return the commit SHA of a branch, tag or SHA."""

    async def default_branch(self) -> str:
        """Return the name of the repository's default branch."""

    async def create_comment(self, sha: str, body: str, *, marker: str) -> Comment:
        """Comment on a commit, exactly once.

        When the answer is lost, the comment is looked for by `marker` before it is sent again.
        """

    async def find_comment(self, sha: str, marker: str) -> Comment | None:
        """Return our own comment on a commit that has `marker` (all pages)."""

    async def recent_comments(self, since: float) -> tuple[Comment, ...]:
        """Return the comments on commits since an epoch second, newest first (those pages)."""

    async def edit_comment(self, comment: Comment, body: str) -> None:
        """Replace a comment's text; repeats itself on passing failures."""

    async def set_status(self, sha: str, state: str, description: str, target: str) -> None:
        """Set the commit status `docklet`: `pending`, `success`, `failure` or `error`."""

    async def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> str:
        """Open a pull request, or find the open one for `head`; return its URL."""

    async def workflow_run(self, run_id: int) -> Workflow:
        """Return how a workflow run is going; one that the token may not see is unknown."""

    async def public_keys(self, user: str) -> tuple[str, ...]:
        """Return a user's public SSH keys."""


class Clock(Protocol):
    """Time and chance."""

    def now(self) -> float:
        """Return epoch seconds."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def random(self) -> float:
        """Return a number in [0, 1)."""


class Observer(Protocol):
    """Somebody who wants to know."""

    def notify(self, event: Event) -> None:
        """Take note of an event; must be quick and must not raise."""


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

    def shell(self, address: str, keys: LoginKeys) -> Shell:
        """Return a shell on the machine at `address`, which connects when it is first used."""
