"""Keep secrets out of a commit: look for them in results while these pass by."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from docklet.adapters.results.manifest import readable
from docklet.domain.leak import Scan
from docklet.domain.outcome import LeftOut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docklet.adapters.results.archive import ResultFile
    from docklet.domain.leak import Search

_STARS: Final = "***"


class Sieve:
    """Looks through files, links and names; no file is held, or read twice."""

    def __init__(self, search: Search) -> None:
        """Look for what `search` says."""
        self._search = search
        self.caught: dict[bytes, str] = {}
        """Why a path must not be committed; complete once all files have passed."""

    def files(self, files: Iterable[ResultFile]) -> Iterator[ResultFile]:
        """Yield `files`; whether one is caught is known when the next one is asked for."""
        for file in files:
            name = self._search.found([file.path])
            if name:
                self._catch(file.path, f"its name has the value of `{name}` in it")
            yield replace(file, content=self._seen(file))

    def left_out(self) -> Iterator[LeftOut]:
        """Yield what must not be committed; a name may tell what nobody may see."""
        for path, reason in self.caught.items():
            yield LeftOut(path=self._harmless(path), reason=reason, archived=True)

    def _seen(self, file: ResultFile) -> Iterator[bytes]:
        """Yield a file's content and look at it."""
        scan, name = Scan(self._search), ""
        for chunk in file.content:
            name = name or scan.feed(chunk)
            yield chunk
        name = name or scan.feed(b"", last=True)
        if name:
            self._catch(file.path, f"it has the value of `{name}` in it")

    def _catch(self, path: bytes, what: str) -> None:
        """Note that a file must not be committed."""
        self.caught.setdefault(path, sys.intern(f"{what}, which is a secret"))

    def _harmless(self, path: bytes) -> str:
        """Return a path with stars in place of those of its parts that hold a secret."""
        found = self._search.found
        shown = "/".join(_STARS if found([part]) else readable(part) for part in path.split(b"/"))
        return _STARS if found([shown.encode()]) else shown
