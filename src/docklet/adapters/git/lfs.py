"""Git LFS: pointers in place of files, and the files on their way to the forge's LFS server.

A file becomes a pointer here, by its bytes alone: no filter is ever run. git-lfs does nothing
but upload objects that it is given by name, to one address that nothing in the repository (a
`.lfsconfig`, say) can change. It takes the token from git's helper, which answers for one server
only, so that a storage elsewhere, or a redirect, gets none.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Final

from docklet.adapters.git.answers import is_passing
from docklet.domain.backoff import jittered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from docklet.adapters.git.process import GitProgram
    from docklet.adapters.results.archive import ResultFile
    from docklet.ports import Clock

MISSING: Final = "it belongs into Git LFS, and there is no git-lfs on this machine to upload it"
_LONGEST_POINTER: Final = 1024
"""Bytes; what is longer is no pointer, says the specification."""
_POINTER: Final = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-\d-[^\n]+\n)*"
    rb"oid sha256:[0-9a-f]{64}\nsize \d+\n?"
)
_AT_ONCE: Final = 100
"""Objects that one request of git-lfs's names."""
_REFUSALS: Final = 16
"""Uploads that may fail before those that are left are given up."""
_PAUSE: Final = 5.0
"""Seconds before an upload that failed in passing is tried again."""
_LONGEST_REASON: Final = 200
_NOISE: Final = ("Uploading LFS objects", "Errors logged to", "Use `git lfs logs")
_ALL: Final = "batch response: "
"""How git-lfs begins when the server refused all objects at once."""
_LOST: Final = re.compile(r"dial tcp|i/o timeout|EOF|connection|no such host|Server Error")
"""What it says of a server that can't be reached, after it tried for minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file that is ready to be uploaded."""

    oid: str
    """The SHA-256 of its bytes."""
    size: int

    @property
    def pointer(self) -> bytes:
        """What is committed in its place."""
        head = "version https://git-lfs.github.com/spec/v1"
        return f"{head}\noid sha256:{self.oid}\nsize {self.size}\n".encode()


class LargeFiles:
    """The LFS objects in one git directory."""

    def __init__(self, directory: Path) -> None:
        """Keep objects where git-lfs looks for them."""
        self._objects = directory / "lfs" / "objects"
        self._serial = count()

    def with_pointers(
        self, files: Iterable[ResultFile], kept: dict[bytes, str]
    ) -> Iterator[ResultFile]:
        """Yield `files`, the large ones as pointers; note at `kept` which object a path needs.

        A pointer stays as it is. An empty file does, too: git-lfs has no pointer for it.
        """
        for file in files:
            if not file.large or not file.size:
                yield file
                continue
            content = file.content
            if file.size < _LONGEST_POINTER:
                text = b"".join(content)
                content = iter([text])
                if _POINTER.fullmatch(text):
                    yield replace(file, content=content)
                    continue
            made = self._keep(content)
            kept[file.path] = made.oid
            yield replace(file, size=len(made.pointer), content=iter([made.pointer]))

    def _keep(self, content: Iterable[bytes]) -> Kept:
        """Write a file's bytes to the place that their digest names."""
        self._objects.mkdir(parents=True, exist_ok=True)
        part = self._objects.parent / f"part-{next(self._serial)}"
        digest, size = hashlib.sha256(), 0
        with part.open("wb") as sink:
            for chunk in content:
                digest.update(chunk)
                size += sink.write(chunk)
        made = Kept(oid=digest.hexdigest(), size=size)
        place = self._objects / made.oid[:2] / made.oid[2:4] / made.oid
        place.parent.mkdir(parents=True, exist_ok=True)
        part.replace(place)
        return made


class Upload:
    """One upload of some objects to the LFS server of the repository at `url`."""

    def __init__(self, program: GitProgram, url: str, clock: Clock) -> None:
        """Prepare an upload from the program's directory."""
        self._git = program
        self._clock = clock
        self._left = _REFUSALS
        self._given_up = ""
        server = f"{url.removesuffix('.git')}.git/info/lfs"
        settings = {
            "lfs.url": server,
            "lfs.pushurl": server,
            f"lfs.{server}.access": "basic",
            f"lfs.{server}.locksverify": "false",
            "lfs.basictransfersonly": "true",
            "lfs.transfer.maxretries": "1",
        }
        options = [part for item in settings.items() for part in ("-c", "=".join(item))]
        self._command = (*options, "lfs", "push", "--object-id", url)

    async def run(self, oids: Sequence[str]) -> Mapping[str, str]:
        """Upload; return for each object that did not arrive why, as the end of a sentence."""
        if shutil.which("git-lfs", path=self._git.env.get("PATH")) is None:
            return dict.fromkeys(oids, MISSING)
        failed: dict[str, str] = {}
        for begin in range(0, len(oids), _AT_ONCE):
            failed |= await self._group(oids[begin : begin + _AT_ONCE])
        return failed

    async def _group(self, oids: Sequence[str]) -> Mapping[str, str]:
        """Upload a group; when that fails, halve it until the reason is known for each."""
        said = await self._push(oids) if self._left else self._given_up
        if not said:
            return {}
        self._left = 0 if _LOST.search(said) else max(self._left - 1, 0)
        self._given_up = said
        if len(oids) == 1 or said.startswith(_ALL) or not self._left:
            return dict.fromkeys(oids, _reason(said))
        half = len(oids) // 2
        return {**await self._group(oids[:half]), **await self._group(oids[half:])}

    async def _push(self, oids: Sequence[str]) -> str:
        """Upload objects, again after a passing failure; return what was said if they failed."""
        done = await self._git.run(*self._command, *oids)
        if done.code and _is_passing(done.said):
            await self._clock.sleep(jittered(_PAUSE, self._clock.random()))
            done = await self._git.run(*self._command, *oids)
        lines = [line for line in done.said.splitlines() if line and not line.startswith(_NOISE)]
        return next(iter(lines), f"git-lfs ended with {done.code}") if done.code else ""


def _is_passing(said: str) -> bool:
    """Tell whether trying again may help."""
    return any(words in said for words in ("Server Error", "dial tcp", "EOF")) or is_passing(said)


def _reason(said: str) -> str:
    """Say why a file is left out."""
    text = said.removeprefix(_ALL).removeprefix("LFS: ")[:_LONGEST_REASON]
    readable = "".join(char if char.isprintable() else "?" for char in text)
    return f"Git LFS did not take it: {readable.rstrip(' .')}"
