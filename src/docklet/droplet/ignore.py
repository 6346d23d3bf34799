"""Which new paths the repository's `.gitignore` files leave out, as git itself sees it.

git is never let near the script's tree: a `.gitignore` there may be a FIFO, a link or endless.
It works on a mirror that holds copies of the `.gitignore` files and nothing else, kept in
memory where that is possible, since the disk may be full.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from typing import Iterator

from docklet.droplet.git import SAFE, environment
from docklet.droplet.tree import open_file

_LARGEST = 1 << 20
_MEMORY = "/dev/shm"  # noqa: S108 (a directory of our own is made in it)


class Ignore:
    """One `git check-ignore` process that answers question by question."""

    def __init__(self) -> None:
        roomy = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        self._mirror = os.fsencode(tempfile.mkdtemp(prefix="docklet-", dir=roomy))
        self._tree = os.path.join(self._mirror, b"tree")
        os.mkdir(self._tree)
        self.works = shutil.which("git") is not None
        """Whether there is a git to ask; without one nothing counts as ignored."""
        if self.works:
            self._git = self._start()
            self._fields = _fields(self._git)

    def enter(self, path: bytes, directory: int) -> None:
        """Take a directory's `.gitignore` into the mirror."""
        text = _ignore_file(directory)
        if not text or not self.works:
            return
        mirrored = os.path.join(self._tree, path)
        os.makedirs(mirrored, exist_ok=True)
        with open(os.path.join(mirrored, b".gitignore"), "wb") as file:
            file.write(text)

    def leaves_out(self, path: bytes, *, is_directory: bool = False) -> bool:
        """Tell whether a new path is ignored; the directories above it were entered."""
        if not self.works:
            return False
        if is_directory:
            # A pattern with a slash at its end asks whether this is a directory.
            os.makedirs(os.path.join(self._tree, path), exist_ok=True)
        assert self._git.stdin  # noqa: S101 (a pipe, see _start)
        self._git.stdin.write(path + b"\0")
        self._git.stdin.flush()
        _source, _line, pattern, _path = (next(self._fields) for _ in range(4))
        return bool(pattern) and not pattern.startswith(b"!")

    def close(self) -> None:
        """End git and remove the mirror."""
        if self.works:
            self._git.communicate()
        shutil.rmtree(self._mirror, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        directory = os.path.join(self._mirror, b"git")
        settings = [
            part for option in (*SAFE, "core.excludesFile=/dev/null") for part in ("-c", option)
        ]
        git: list[str | bytes] = ["git", *settings]
        init = ("init", "--quiet", "--bare", "--template=", directory)
        subprocess.run([*git, *init], check=True, env=environment())
        question = ("check-ignore", "--no-index", "--verbose", "--non-matching", "-z", "--stdin")
        return subprocess.Popen(
            [*git, "--git-dir", directory, "--work-tree", self._tree, *question],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            cwd=self._tree,
        )


def _fields(git: subprocess.Popen[bytes]) -> Iterator[bytes]:
    assert git.stdout  # noqa: S101 (a pipe)
    pending = b""
    while True:
        piece = os.read(git.stdout.fileno(), 1 << 16)
        if not piece:
            message = "git check-ignore ended before its last answer"
            raise EOFError(message)
        *whole, pending = (pending + piece).split(b"\0")
        yield from whole


def _ignore_file(directory: int) -> bytes:
    try:
        descriptor = open_file(directory, b".gitignore")
    except OSError:
        return b""
    with open(descriptor, "rb") as file:
        return file.read(_LARGEST)
