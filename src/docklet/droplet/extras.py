"""What a checkout may need beyond its commit: submodules and large files."""

from __future__ import annotations

import os
import shutil

from docklet.droplet.failure import Failure
from docklet.droplet.git import Git
from docklet.droplet.remote import Source


def fetch_submodules(git: Git, source: Source) -> None:
    """Check out submodules with the same credential, which only the same host gets."""
    if source.submodules == "false":
        return
    recursive = ("--recursive",) if source.submodules == "recursive" else ()
    depth = (f"--depth={source.depth}",) if source.depth else ()
    git.run("submodule", "sync", "--quiet", *recursive)
    git.run("submodule", "update", "--quiet", "--init", "--force", *depth, *recursive)


def fetch_large_files(git: Git, source: Source) -> None:
    """Replace the pointers of git-lfs by the files that they stand for."""
    if not source.lfs:
        return
    if shutil.which("git-lfs") is None:
        message = "The run asks for lfs, but there is no git-lfs on this machine."
        raise Failure("lfs-missing", message)
    _pull(git)
    if source.submodules != "false":
        for path in _submodules(git, source):
            _pull(git.inside(path))


def _pull(git: Git) -> None:
    # The filter stays in the checkout's own settings, or git there would call every large
    # file changed. Hooks would only be in the way of images that have no git-lfs.
    git.run("lfs", "install", "--local", "--skip-repo")
    git.run("lfs", "pull")
    directory = git.run("rev-parse", "--absolute-git-dir").decode().rstrip("\n")
    shutil.rmtree(os.path.join(directory, "hooks"), ignore_errors=True)


def _submodules(git: Git, source: Source) -> list[str]:
    recursive = ("--recursive",) if source.submodules == "recursive" else ()
    command = 'printf "%s\\0" "$displaypath"'
    listing = git.run("submodule", "foreach", "--quiet", *recursive, command)
    return [path.decode("utf-8", "surrogateescape") for path in listing.split(b"\0") if path]
