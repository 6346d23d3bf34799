"""Git works with the forge over HTTP, and with a droplet over SSH, as with any server."""

from __future__ import annotations

import os
import shlex
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from docklet_sandbox.client import SandboxClient
    from tests.acceptance.clients.conftest import Machine

ASKPASS = '#!/bin/sh\ncase $1 in User*) echo mona ;; *) echo "$GITHUB_TOKEN" ;; esac\n'


@pytest.fixture(name="repository")
def _repository(sandbox: SandboxClient) -> str:
    """Return the name of a new repository with a file."""
    name = f"mona/{uuid.uuid4().hex[:12]}"
    sandbox.forge.create(name, {"file.txt": "one\n"})
    return name


@pytest.fixture(autouse=True)
def _logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give git a name, and the token by way of a program that it asks."""
    askpass = tmp_path / "askpass"
    askpass.write_text(ASKPASS)
    askpass.chmod(0o700)
    settings = {"GIT_ASKPASS": str(askpass), "GIT_TERMINAL_PROMPT": "0", "HOME": str(tmp_path)}
    people = {f"GIT_{role}_NAME": "Mona" for role in ("AUTHOR", "COMMITTER")}
    people |= {f"GIT_{role}_EMAIL": "mona@example.com" for role in ("AUTHOR", "COMMITTER")}
    for name, value in (settings | people).items():
        monkeypatch.setenv(name, value)


def test_clone_commit_push(sandbox: SandboxClient, repository: str, tmp_path: Path) -> None:
    """A clone's commit is pushed and is on the branch; the second of two clones has lost."""
    url = f"{sandbox.addresses.forge}/{repository}"
    clones = [tmp_path / "first", tmp_path / "second"]
    for clone in clones:
        git("clone", "-q", url, str(clone))
        (clone / "file.txt").write_text(f"{clone.name}\n")
        git("-C", str(clone), "commit", "-qam", clone.name)
    git("-C", str(clones[0]), "push", "-q")
    assert sandbox.forge.show(repository, "file.txt") == b"first\n"
    lost = git("-C", str(clones[1]), "push", code=1)
    assert "fetch first" in lost
    git("-C", str(clones[1]), "pull", "-q", "--rebase", "-Xtheirs")
    git("-C", str(clones[1]), "push", "-q")
    assert sandbox.forge.show(repository, "file.txt") == b"second\n"


def test_parts_of_a_repository(sandbox: SandboxClient, repository: str, tmp_path: Path) -> None:
    """Shallow and blobless clones get what they ask for, blobs later."""
    sandbox.forge.commit(repository, {"file.txt": "two\n"})
    url = f"{sandbox.addresses.forge}/{repository}"
    shallow, blobless = str(tmp_path / "shallow"), str(tmp_path / "blobless")
    git("clone", "-q", "--depth=1", url, shallow)
    assert git("-C", shallow, "rev-list", "--count", "HEAD") == "1"
    git("clone", "-q", "--filter=blob:none", "--no-checkout", url, blobless)
    assert git("-C", blobless, "show", "HEAD~1:file.txt") == "one"


def test_a_protected_branch(sandbox: SandboxClient, repository: str, tmp_path: Path) -> None:
    """A refused push says why, in the words that GitHub has for it."""
    sandbox.forge.protect(repository)
    clone = str(tmp_path / "clone")
    git("clone", "-q", f"{sandbox.addresses.forge}/{repository}", clone)
    git("-C", clone, "commit", "-q", "--allow-empty", "-m", "Nothing")
    assert "GH006: Protected branch update failed" in git("-C", clone, "push", code=1)


def test_a_repository_on_a_droplet(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository is pushed over SSH to a droplet and cloned back."""
    monkeypatch.setenv("GIT_SSH_COMMAND", shlex.join(["ssh", *machine.ssh_options()]))
    there = f"root@{machine.address}"
    command = ["ssh", *machine.ssh_options(), there, "git init -q --bare /root/remote.git"]
    subprocess.run(command, check=True)
    work, back = str(tmp_path / "work"), str(tmp_path / "back")
    git("init", "-q", "-b", "main", work)
    git("-C", work, "commit", "-q", "--allow-empty", "-m", "Begin")
    git("-C", work, "push", "-q", f"ssh://{there}/root/remote.git", "main")
    git("clone", "-q", "-b", "main", f"ssh://{there}/root/remote.git", back)
    assert git("-C", back, "log", "--format=%s") == "Begin"


def git(*arguments: str, code: int = 0) -> str:
    """Run git and return all that it says."""
    done = subprocess.run(
        ["git", *arguments],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        env={**os.environ, "GIT_CONFIG_NOSYSTEM": "1"},
    )
    assert done.returncode == code, done.stdout
    return done.stdout.strip()
