"""git's word on paths of a hostile tree, by copies of the files that it goes by.

git is never let near the script's tree: a `.gitignore` there may be a FIFO, a link or endless.
It works on a mirror that holds copies of such files and nothing else, kept in memory where that
is possible, since the disk may be full.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from typing import Iterator

from docklet.droplet.git import SAFE, environment
from docklet.droplet.tree import open_file

_LARGEST = 1 << 20
_LONGEST = 4096
"""Bytes from which on git takes no path (PATH_MAX)."""
_MEMORY = "/dev/shm"  # noqa: S108 (a directory of our own is made in it)


class Answers:
    """One git process that answers question by question."""

    def __init__(self, git: subprocess.Popen[bytes], count: int) -> None:
        self._git = git
        self._count = count
        self._fields = _fields(git)
        self.works = True
        """False once git has died over a question."""

    def about(self, path: bytes) -> tuple[bytes, ...]:
        """Return what git says about a path; empty fields when it can't say anything."""
        # Bare, a name that begins with a colon would be taken for pathspec magic.
        question = b"./" + path + b"\0"
        if self.works and len(question) <= _LONGEST:
            try:
                return self._answer(question)
            except (OSError, EOFError):
                self.works = False
        return (b"",) * self._count

    def _answer(self, question: bytes) -> tuple[bytes, ...]:
        assert self._git.stdin  # noqa: S101 (a pipe, see Mirror.ask)
        self._git.stdin.write(question)
        self._git.stdin.flush()
        return tuple(next(self._fields) for _ in range(self._count))

    def close(self) -> None:
        """End git."""
        with suppress(BrokenPipeError):
            self._git.communicate()


class Mirror:
    """Copies of the files that git goes by."""

    def __init__(self) -> None:
        roomy = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        self._root = os.fsencode(tempfile.mkdtemp(prefix="docklet-", dir=roomy))
        self._tree = os.path.join(self._root, b"tree")
        os.mkdir(self._tree)
        self._asked: list[Answers] = []
        self.works = shutil.which("git") is not None
        """Whether there is a git to ask."""
        if self.works:
            self._git = self._start()

    def copy(self, path: bytes, directory: int, name: bytes) -> bytes:
        """Take a file of a directory into the mirror and return what is in it, if anything."""
        text = _content(directory, name) if self.works else b""
        if text:
            self.make_directory(path)
            with suppress(OSError), open(os.path.join(self._tree, path, name), "wb") as file:
                file.write(text)
        return text

    def make_directory(self, path: bytes) -> None:
        """Let a path of the mirror be a directory, as a pattern with a slash at its end wants.

        One that is too long, or finds no room, stays unknown to git, which then ignores less.
        """
        with suppress(OSError):
            os.makedirs(os.path.join(self._tree, path), exist_ok=True)

    def ask(self, *question: str, count: int) -> Answers:
        """Start a git command that answers each path on its input by so many fields."""
        process = subprocess.Popen(
            [*self._git, "--work-tree", self._tree, *question, "-z", "--stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            cwd=self._tree,
        )
        self._asked.append(Answers(process, count))
        return self._asked[-1]

    @property
    def answers(self) -> bool:
        """Whether git has answered whatever it was asked."""
        return self.works and all(answers.works for answers in self._asked)

    def close(self) -> None:
        """End git and remove the mirror."""
        for answers in self._asked:
            answers.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def _start(self) -> list[str | bytes]:
        nobodys = ("core.excludesFile=/dev/null", "core.attributesFile=/dev/null")
        settings = [part for option in (*SAFE, *nobodys) for part in ("-c", option)]
        git: list[str | bytes] = ["git", *settings]
        directory = os.path.join(self._root, b"git")
        init = ("init", "--quiet", "--bare", "--template=", directory)
        subprocess.run([*git, *init], check=True, env=environment())
        return [*git, "--git-dir", directory]


def _fields(git: subprocess.Popen[bytes]) -> Iterator[bytes]:
    assert git.stdout  # noqa: S101 (a pipe)
    pending = b""
    while True:
        piece = os.read(git.stdout.fileno(), 1 << 16)
        if not piece:
            message = "git ended before its last answer"
            raise EOFError(message)
        *whole, pending = (pending + piece).split(b"\0")
        yield from whole


def _content(directory: int, name: bytes) -> bytes:
    try:
        descriptor = open_file(directory, name)
    except OSError:
        return b""
    with open(descriptor, "rb") as file:
        return file.read(_LARGEST)
