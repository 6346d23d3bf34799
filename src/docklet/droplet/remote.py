"""Getting one commit from a remote, also from one that hands out branches only."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from docklet.droplet.clone_errors import understand
from docklet.droplet.git import Git, GitFailed

# Blemishes of old history that say nothing about danger; refusing them would refuse their
# repositories for ever.
_BLEMISHES = (
    "badDate",
    "badDateOverflow",
    "badEmail",
    "badFilemode",
    "badName",
    "badTimezone",
    "duplicateEntries",
    "missingEmail",
    "missingNameBeforeEmail",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "multipleAuthors",
    "zeroPaddedDate",
    "zeroPaddedFilemode",
)


@dataclass(frozen=True)
class Source:
    """What is to be checked out, and from where."""

    url: str
    sha: str
    branch: str
    """Empty for a detached head."""
    depth: int
    """Commits of history; 0 for all, with all branches and tags."""
    submodules: str
    """`false`, `true` or `recursive`."""
    lfs: bool
    token: str = field(repr=False)

    @property
    def scheme(self) -> str:
        """The one protocol that git may speak."""
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc

    @property
    def origin(self) -> str:
        """The only place that the token is for."""
        return f"{self.scheme}://{self.host}"

    @property
    def summary(self) -> dict[str, object]:
        """All but the token, to know a repeated request by."""
        names = ("url", "sha", "branch", "depth", "submodules", "lfs")
        return {name: getattr(self, name) for name in names}


def remote_options(source: Source) -> tuple[str, ...]:
    """Return the configuration for talking to this remote and no other kind of it."""
    return (
        f"protocol.{source.scheme}.allow=always",
        "http.followRedirects=false",
        # A mute server must not hold a rented machine: below 1 kB/s for a minute is dead.
        "http.lowSpeedLimit=1000",
        "http.lowSpeedTime=60",
        "fetch.fsckObjects=true",
        *(f"fetch.fsck.{blemish}=ignore" for blemish in _BLEMISHES),
        "checkout.workers=0",
        # Submodules are often named by their SSH address, which needs a key that we lack.
        *(
            f"url.{source.origin}/.insteadOf={alias}"
            for alias in (f"git@{source.host}:", f"ssh://git@{source.host}/")
            if source.host
        ),
    )


def fetch(git: Git, source: Source) -> None:
    """Fetch the commit; where bare SHAs are refused, fetch what should contain it."""
    if source.depth == 0:
        _fetch(git, "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
    if not _has(git, source):
        try:
            _fetch(git, *_depth(source), _tracked(source))
        except GitFailed as refused:
            if understand(refused.complaint).kind != "clone-sha-missing":
                raise
            _fetch_branches(git, source)
    if not _has(git, source):
        complaint = f"couldn't find remote ref {source.sha}"
        raise GitFailed(complaint)


def _fetch_branches(git: Git, source: Source) -> None:
    if source.branch:
        branch = f"+refs/heads/{source.branch}:refs/remotes/origin/{source.branch}"
        try:
            _fetch(git, branch)
        except GitFailed as gone:
            if understand(gone.complaint).kind != "clone-sha-missing":
                raise
    if not _has(git, source):
        _fetch(git, "+refs/heads/*:refs/remotes/origin/*")


def _fetch(git: Git, *arguments: str) -> None:
    git.run("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "origin", *arguments)


def _depth(source: Source) -> tuple[str, ...]:
    return (f"--depth={source.depth}",) if source.depth else ()


def _tracked(source: Source) -> str:
    if source.branch:
        return f"+{source.sha}:refs/remotes/origin/{source.branch}"
    return source.sha


def _has(git: Git, source: Source) -> bool:
    return git.succeeds("cat-file", "-e", f"{source.sha}^{{commit}}")
