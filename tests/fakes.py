"""Each port once more, in memory: fakes that behave, not mocks that expect."""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import os
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from fnmatch import fnmatch
from itertools import count
from typing import TYPE_CHECKING, Final

from docklet.adapters.git_lfs import Kept
from docklet.adapters.git_objects import without_conflicts
from docklet.adapters.results import ResultsArchive
from docklet.domain.errors import CloudError, ForgeGone, GitError, HostKeyMismatch
from docklet.domain.keys import LoginKeys, RunKeys
from docklet.domain.outcome import Reason
from docklet.domain.plan import Image, Size
from docklet.domain.secret import Secret
from docklet.domain.triage import Workflow
from docklet.ports import (
    Change,
    Comment,
    Completed,
    Deletion,
    Droplet,
    PushAnswer,
    PushVerdict,
    Results,
)
from docklet.render.adoption import MARK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from pathlib import Path

    from docklet.adapters.results import ResultFile
    from docklet.domain.adoption import HostKey
    from docklet.domain.identity import RunKey
    from docklet.ports import CommitMessage, DropletRequest
    from tests.machines import FakeMachine

_QUIET_TURNS: Final = 50
"""Turns of the event loop after which nothing but sleepers can be left."""


class FakeClock:
    """Virtual time: when everybody sleeps, it is later at once."""

    def __init__(self, start: float = 1_700_000_000.0, chance: float = 0.5) -> None:
        self._now = start
        self._chance = chance
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._driver: asyncio.Task[None] | None = None

    def now(self) -> float:
        """Return epoch seconds."""
        return self._now

    def random(self) -> float:
        """Return the number that the test chose."""
        return self._chance

    async def sleep(self, seconds: float) -> None:
        """Wait until everybody else waits longer."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        until = self._now + max(seconds, 0.0)
        heapq.heappush(self._sleepers, (until, next(self._order), woken))
        if self._driver is None or self._driver.done():
            self._driver = loop.create_task(self._drive())
        await woken

    def forget(self) -> None:
        """Forget who sleeps: their process is dead."""
        self._sleepers.clear()
        self._driver = None

    async def _drive(self) -> None:
        """Wake the sleepers one by one, each when nothing else can go on."""
        while self._sleepers:
            await self._quiet()
            until, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self._now = max(self._now, until)
                woken.set_result(None)

    async def _quiet(self) -> None:
        """Return when nothing but sleepers is left."""
        for _ in range(_QUIET_TURNS):
            await asyncio.sleep(0)


class FakeForge:
    """A forge that remembers every call; failures wait in a queue for each method."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.comments: dict[int, str] = {}
        self.places: dict[int, str] = {}
        """The commits that comments are on."""
        self.edited: dict[int, float] = {}
        """When comments were changed last, where a test cares."""
        self.workflows: dict[int, Workflow] = {}
        self.statuses: list[tuple[str, str, str, str]] = []
        self.pull_requests: list[tuple[str, str, str, str]] = []
        self.keys: dict[str, tuple[str, ...]] = {}
        self.revisions: dict[str, str] = {}
        self.failures: dict[str, list[Exception]] = {}
        self._ids = count(1)

    def _called(self, name: str) -> None:
        """Note a call; fail if the test wants it."""
        self.calls.append(name)
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    async def resolve(self, ref: str) -> str:
        """Return the SHA that the test gave `ref`."""
        self._called("resolve")
        if ref not in self.revisions:
            message = f"There is no `{ref}`."
            raise ForgeGone(message)
        return self.revisions[ref]

    async def default_branch(self) -> str:
        """Return `main`."""
        self._called("default_branch")
        return "main"

    async def create_comment(self, sha: str, body: str, *, marker: str) -> Comment:
        """Keep a comment."""
        self._called("create_comment")
        assert body.startswith(marker)
        number = next(self._ids)
        self.comments[number] = body
        self.places[number] = sha
        url = f"https://github.com/octo/template/commit/{sha}#commitcomment-{number}"
        return Comment(comment_id=number, url=url)

    async def find_comment(self, sha: str, marker: str) -> Comment | None:
        """Find a comment on the commit that it was made on."""
        self._called("find_comment")
        return next((one for one in self._shown() if one.sha == sha and marker in one.body), None)

    async def recent_comments(self, since: float) -> tuple[Comment, ...]:
        """Return the comments that the test did not make old, newest first."""
        self._called("recent_comments")
        return tuple(reversed([one for one in self._shown() if one.edited >= since]))

    def _shown(self) -> list[Comment]:
        """Return all comments as they are now."""
        return [
            Comment(
                comment_id=number,
                url=f"https://github.com/octo/template/commit/{self.places[number]}#{number}",
                sha=self.places[number],
                body=body,
                edited=self.edited.get(number, float("inf")),
            )
            for number, body in self.comments.items()
        ]

    async def workflow_run(self, run_id: int) -> Workflow:
        """Return what the test said of the workflow run."""
        self._called("workflow_run")
        return self.workflows.get(run_id, Workflow.UNKNOWN)

    async def edit_comment(self, comment: Comment, body: str) -> None:
        """Replace a comment that is still there."""
        self._called("edit_comment")
        if comment.comment_id not in self.comments:
            message = "The comment is gone: somebody deleted it."
            raise ForgeGone(message)
        self.comments[comment.comment_id] = body

    async def set_status(self, sha: str, state: str, description: str, target: str) -> None:
        """Keep a status."""
        self._called("set_status")
        self.statuses.append((sha, state, description, target))

    async def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> str:
        """Keep a pull request, or find the one for these branches."""
        self._called("open_pull_request")
        branches = [pull[:2] for pull in self.pull_requests]
        if (head, base) in branches:
            number = branches.index((head, base)) + 1
            return f"https://github.com/octo/template/pull/{number}"
        self.pull_requests.append((head, base, title, body))
        return f"https://github.com/octo/template/pull/{len(self.pull_requests)}"

    async def public_keys(self, user: str) -> tuple[str, ...]:
        """Return the keys that the test gave `user`."""
        self._called("public_keys")
        if user not in self.keys:
            message = f"There is no `{user}`."
            raise ForgeGone(message)
        return self.keys[user]


SIZES: Final = (
    Size(
        slug="s-2vcpu-4gb",
        price_hourly=Decimal("0.03571"),
        vcpus=2,
        memory=4096,
        disk=80,
        regions=frozenset({"nyc3", "fra1"}),
    ),
    Size(
        slug="gpu-h100x1-80gb",
        price_hourly=Decimal("6.74"),
        vcpus=20,
        memory=245760,
        disk=720,
        regions=frozenset({"tor1"}),
    ),
)


def _image(number: int, slug: str, name: str, kind: str) -> Image:
    """Make a public image."""
    return Image(image_id=number, slug=slug, name=name, kind=kind, created="2026-02-01T00:00:00Z")


IMAGES: Final = (
    _image(101, "docker-20-04", "Docker 27 on Ubuntu 22.04", "snapshot"),
    _image(102, "gpu-h100x1-base", "NVIDIA AI/ML Ready", "snapshot"),
    _image(103, "ubuntu-24-04-x64", "24.04 (LTS) x64", "base"),
)


class FakeCloud:
    """An account whose droplets boot, show up in lists and may be deleted when the clock says."""

    def __init__(
        self,
        clock: FakeClock,
        *,
        sizes: Iterable[Size] = SIZES,
        images: Iterable[Image] = IMAGES,
        limit: int = 10,
        boot: float = 0.0,
        list_lag: float = 0.0,
        pending: float = 0.0,
    ) -> None:
        """Set seconds from create: until active, until lists know, until it may be deleted."""
        self.offered = tuple(sizes)
        self.images = tuple(images)
        self.limit = limit
        self.boot = boot
        self.list_lag = list_lag
        self.pending = pending
        self.read_lag = 0.0
        """Seconds from create for which a look at the droplet says that there is none."""
        self.slow: dict[str, float] = {}
        """Seconds that a method's calls take before they have an effect."""
        self.deaf = 0
        """How many of the next deletions are accepted and forgotten."""
        self.live: dict[int, Droplet] = {}
        self.deleted: dict[int, float] = {}
        """When droplets were deleted, by id."""
        self.tags: set[str] = set()
        self.orders: list[DropletRequest] = []
        """Every create request that arrived."""
        self.calls: list[str] = []
        self._clock = clock
        self._buried: list[Droplet] = []
        self._failures: dict[str, list[tuple[Exception, bool]]] = {}
        self._ids = count(1001)

    def fail(self, method: str, error: Exception, *, times: int = 1, commit: bool = False) -> None:
        """Let the next calls of a method fail, before or after (`commit`) they take effect."""
        self._failures.setdefault(method, []).extend([(error, commit)] * times)

    def add(self, droplet: Droplet) -> None:
        """Put a droplet into the account."""
        self.live[droplet.droplet_id] = droplet
        self.tags.update(droplet.tags)

    async def droplet_limit(self) -> int:
        """Return the limit."""
        await self._called("droplet_limit")
        return self.limit

    async def sizes(self) -> tuple[Size, ...]:
        """Return what is offered."""
        await self._called("sizes")
        return self.offered

    async def application_images(self) -> tuple[Image, ...]:
        """Return the public images that are more than a system."""
        await self._called("application_images")
        return tuple(image for image in self.images if image.slug and image.kind == "snapshot")

    async def find_image(self, name: str) -> Image | None:
        """Find an image by slug or id, then an own one by name, the newest first."""
        await self._called("find_image")
        public = [i for i in self.images if name in {i.slug, str(i.image_id)}]
        own = [i for i in self.images if not i.slug and i.name == name]
        own.sort(key=lambda image: image.created, reverse=True)
        return next(iter(public + own), None)

    async def create(self, request: DropletRequest) -> Droplet:
        """Make a droplet."""
        late = await self._called("create")
        self.orders.append(request)
        if len(self.live) >= self.limit:
            message = "DigitalOcean makes no further droplet for this account."
            raise CloudError(message, reason=Reason.QUOTA)
        made = Droplet(
            droplet_id=next(self._ids),
            name=request.name,
            status="new",
            tags=request.tags,
            region=request.region,
            size=request.size,
            price_hourly=self._price(request),
            created=self._clock.now(),
        )
        self.add(made)
        _raise(late)
        return made

    async def droplet(self, droplet_id: int) -> Droplet | None:
        """Return a droplet as it is now."""
        await self._called("droplet")
        found = self.live.get(droplet_id)
        if found is None or self._clock.now() < found.created + self.read_lag:
            return None
        return self._aged(found)

    async def droplets(self, *, tag: str = "") -> tuple[Droplet, ...]:
        """Return what the list knows by now."""
        await self._called("droplets")
        plain = (each for each in self._listed() if not each.size.startswith("gpu-"))
        return tuple(each for each in plain if not tag or tag in each.tags)

    async def gpu_droplets(self) -> tuple[Droplet, ...]:
        """Return what the list of GPU droplets knows by now."""
        await self._called("gpu_droplets")
        return tuple(each for each in self._listed() if each.size.startswith("gpu-"))

    async def delete(self, droplet_id: int) -> Deletion:
        """Delete a droplet, unless it is too young."""
        late = await self._called("delete")
        found = self.live.get(droplet_id)
        if found is None:
            return Deletion.GONE
        if self._clock.now() < found.created + self.pending:
            return Deletion.PENDING
        if self.deaf:
            self.deaf -= 1
            return Deletion.ACCEPTED
        self._buried.append(self.live.pop(droplet_id))
        self.deleted[droplet_id] = self._clock.now()
        _raise(late)
        return Deletion.ACCEPTED

    async def unused_tags(self) -> tuple[str, ...]:
        """Return the tags that are on nothing."""
        await self._called("unused_tags")
        used = {tag for droplet in self.live.values() for tag in droplet.tags}
        return tuple(sorted(self.tags - used))

    async def delete_tag(self, tag: str) -> None:
        """Forget a tag everywhere."""
        late = await self._called("delete_tag")
        self.tags.discard(tag)
        for key, droplet in self.live.items():
            left = tuple(each for each in droplet.tags if each != tag)
            self.live[key] = replace(droplet, tags=left)
        _raise(late)

    async def add_tag(self, droplet_id: int, tag: str) -> None:
        """Tag a droplet."""
        late = await self._called("add_tag")
        self.tags.add(tag)
        found = self.live.get(droplet_id)
        if found is None:
            message = "DigitalOcean could not tag a droplet: the droplet is gone."
            raise CloudError(message)
        self.live[droplet_id] = replace(found, tags=(*found.tags, tag))
        _raise(late)

    async def untag(self, droplet_id: int, tag: str) -> None:
        """Take a tag off a droplet, which outlives that."""
        late = await self._called("untag")
        found = self.live.get(droplet_id)
        if found is not None:
            left = tuple(each for each in found.tags if each != tag)
            self.live[droplet_id] = replace(found, tags=left)
        _raise(late)

    async def _called(self, method: str) -> Exception | None:
        """Note a call; raise its failure, or return it when the call shall take effect first."""
        self.calls.append(method)
        await asyncio.sleep(0)
        if method in self.slow:
            await self._clock.sleep(self.slow[method])
        waiting = self._failures.get(method)
        if not waiting:
            return None
        error, commit = waiting.pop(0)
        if not commit:
            raise error
        return error

    def _listed(self) -> list[Droplet]:
        """Return what lists show: late to know a new droplet, and to miss a deleted one."""
        then = self._clock.now() - self.list_lag
        known = [self._aged(each) for each in self.live.values() if each.created <= then]
        missed = [each for each in self._buried if self.deleted[each.droplet_id] > then]
        return known + missed

    def _aged(self, droplet: Droplet) -> Droplet:
        """Return a droplet as it is by now."""
        if self._clock.now() < droplet.created + self.boot:
            return droplet
        address = droplet.address or f"203.0.113.{droplet.droplet_id % 250 + 1}"
        return replace(droplet, status="active", address=address)

    def _price(self, request: DropletRequest) -> Decimal:
        """Return what the droplet costs, or refuse to make it."""
        size = next((size for size in self.offered if size.slug == request.size), None)
        if size is None:
            message = "DigitalOcean refused to create a droplet: it has no such size."
            raise CloudError(message, reason=Reason.CREATE_FAILED)
        if request.region not in size.regions:
            message = "DigitalOcean does not have this size in this region now."
            raise CloudError(message, reason=Reason.UNAVAILABLE)
        return size.price_hourly


def _raise(error: Exception | None) -> None:
    """Raise an error, if there is one."""
    if error is not None:
        raise error


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeCommit:
    """A commit with its whole tree."""

    tree: dict[bytes, tuple[str, str]]
    """Mode and blob by path."""
    parent: str
    message: CommitMessage | None = None


class FakeRepository:
    """A repository on a forge; refusals of pushes wait in a queue."""

    def __init__(self) -> None:
        self.branches: dict[str, str] = {}
        self.commits: dict[str, FakeCommit] = {}
        self.blobs: dict[str, bytes] = {}
        self.answers: list[PushAnswer] = []
        """What the next pushes get instead of what they deserve."""
        self.lost_answers = 0
        """How many of the next pushes take effect without anybody learning of it."""
        self.objects: dict[str, bytes] = {}
        """What Git LFS keeps, by SHA-256."""
        self.over_quota = ""
        """Why LFS takes nothing."""

    def write(self, files: Mapping[str, bytes | None], branch: str = "main") -> str:
        """Commit as somebody else would; None deletes a file."""
        parent = self.branches.get(branch, "")
        tree = dict(self.commits[parent].tree) if parent else {}
        for name, content in files.items():
            tree.pop(os.fsencode(name), None)
            if content is not None:
                tree[os.fsencode(name)] = ("100644", self.store(content))
        self.branches[branch] = self.add(FakeCommit(tree=tree, parent=parent))
        return self.branches[branch]

    def show(self, name: str, ref: str = "main") -> bytes | None:
        """Return a file of a branch or commit."""
        commit = self.commits[self.branches.get(ref, ref)]
        entry = commit.tree.get(os.fsencode(name))
        return None if entry is None else self.blobs[entry[1]]

    def store(self, content: bytes) -> str:
        """Keep a blob and return the id that git gives it."""
        blob = hashlib.sha1(b"blob %d\0%s" % (len(content), content)).hexdigest()  # noqa: S324
        self.blobs[blob] = content
        return blob

    def add(self, commit: FakeCommit) -> str:
        """Keep a commit and return an id for it."""
        sha = hashlib.sha1(repr((len(self.commits), commit)).encode()).hexdigest()  # noqa: S324
        self.commits[sha] = commit
        return sha

    def descends(self, sha: str, ancestor: str) -> bool:
        """Tell whether a commit is, or comes after, another."""
        while sha and sha != ancestor:
            sha = self.commits[sha].parent
        return bool(sha)


class FakeGit:
    """A git directory of a `FakeRepository`; results archives are read by the real reader."""

    def __init__(self, repository: FakeRepository | None = None) -> None:
        self.repository = repository or FakeRepository()
        self.calls: list[str] = []
        self.failures: dict[str, list[Exception]] = {}
        self.closed = False
        self._fetched: set[str] = set()
        self._large: dict[str, bytes] = {}

    def _called(self, name: str) -> None:
        """Note a call; fail if the test wants it."""
        self.calls.append(name)
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    def _tree(self, sha: str) -> dict[bytes, tuple[str, str]]:
        """Return the tree of a commit that was fetched."""
        if sha not in self._fetched:
            message = f"There is no commit {sha} here."
            raise GitError(message)
        return self.repository.commits[sha].tree

    async def fetch(self, revision: str) -> str | None:
        """Return a commit that the repository has."""
        self._called("fetch")
        sha = self.repository.branches.get(revision, revision)
        if sha not in self.repository.commits:
            return None
        self._fetched.add(sha)
        return sha

    async def find_run(self, branch: str, run: RunKey, since: float) -> str | None:
        """Walk back from the branch's tip."""
        del since
        self._called("find_run")
        sha = self.repository.branches.get(branch, "")
        while sha:
            commit = self.repository.commits[sha]
            if commit.message and f"Docklet-Run: {run}" in commit.message.text.splitlines():
                return sha
            sha = commit.parent
        return None

    async def import_results(self, archive: Path, base: str) -> Results:
        """Store the files of a results archive."""
        self._called("import_results")
        rules = (self.repository.show(".gitattributes", base) or b"").decode().splitlines()
        globs = [rule.split()[0] for rule in rules if "filter=lfs" in rule]
        with archive.open("rb") as stream:
            results = ResultsArchive(stream)
            paths = results.manifest.changed
            large = {path for path in paths for glob in globs if fnmatch(os.fsdecode(path), glob)}
            changes = [
                Change(path=file.path, mode=file.mode, blob=self._store(file))
                for file in results.files(large)
            ]
        kept, conflicts = without_conflicts(changes, results.manifest.deleted)
        left_out = (*results.left_out, *conflicts)
        return Results(changes=kept, left_out=left_out, ignored=results.manifest.ignored)

    def _store(self, file: ResultFile) -> str:
        """Keep a file, or its pointer."""
        content = b"".join(file.content)
        if not file.large or content.startswith(b"version https://git-lfs"):
            return self.repository.store(content)
        made = Kept(oid=hashlib.sha256(content).hexdigest(), size=len(content))
        blob = self.repository.store(made.pointer)
        self._large[blob] = content
        return blob

    async def upload(self, changes: Iterable[Change]) -> Mapping[bytes, str]:
        """Keep what pointers stand for, unless there is a reason not to."""
        self._called("upload")
        large = {each.path: self._large[each.blob] for each in changes if each.blob in self._large}
        if self.repository.over_quota:
            return dict.fromkeys(large, self.repository.over_quota)
        digests = {hashlib.sha256(content).hexdigest(): content for content in large.values()}
        self.repository.objects |= digests
        return {}

    async def changed_paths(self, before: str, after: str) -> frozenset[bytes]:
        """Compare two trees."""
        self._called("changed_paths")
        entries = [set(self._tree(sha).items()) for sha in (before, after)]
        return frozenset(path for path, _ in entries[0] ^ entries[1])

    async def effective(self, base: str, changes: Iterable[Change]) -> tuple[Change, ...]:
        """Compare changes with a tree."""
        self._called("effective")
        tree, nothing = self._tree(base), ("000000", "")
        return tuple(
            each for each in changes if tree.get(each.path, nothing) != (each.mode, each.blob)
        )

    async def commit(self, parent: str, changes: Iterable[Change], message: CommitMessage) -> str:
        """Apply changes to a tree; a file takes the place of a directory and vice versa."""
        self._called("commit")
        tree = dict(self._tree(parent))
        for change in sorted(changes, key=lambda each: each.mode != "000000"):
            if change.mode == "000000":
                tree.pop(change.path, None)
                continue
            for path in [path for path in tree if _in_the_way(path, change.path)]:
                del tree[path]
            tree[change.path] = (change.mode, change.blob)
        made = self.repository.add(FakeCommit(tree=tree, parent=parent, message=message))
        self._fetched.add(made)
        return made

    async def push(self, sha: str, branch: str) -> PushAnswer:
        """Move a branch forward, unless the repository refuses."""
        self._called("push")
        if self.repository.answers:
            return self.repository.answers.pop(0)
        head = self.repository.branches.get(branch)
        if head is not None and not self.repository.descends(sha, head):
            return PushAnswer(verdict=PushVerdict.RACED, detail="[rejected] (fetch first)")
        self.repository.branches[branch] = sha
        if self.repository.lost_answers:
            self.repository.lost_answers -= 1
            return PushAnswer(verdict=PushVerdict.UNKNOWN, detail="the remote end hung up")
        return PushAnswer(verdict=PushVerdict.ACCEPTED)

    async def remote_head(self, branch: str) -> str | None:
        """Return a branch's head."""
        self._called("remote_head")
        return self.repository.branches.get(branch)

    async def close(self) -> None:
        """Note that it was called."""
        self.closed = True


def _in_the_way(there: bytes, new: bytes) -> bool:
    """Tell whether one path is a directory of the other."""
    return new.startswith(there + b"/") or there.startswith(new + b"/")


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

    def shell(self, address: str, keys: LoginKeys) -> FakeShell:
        """Return a shell on the machine."""
        self.addresses.append(address)
        self.shells.append(FakeShell(self.machine, keys))
        return self.shells[-1]
