"""Which paths a run's `paths` select: git's plain pathspecs, relative to the root.

`.` is everything; a name is that file or all below that directory; `*`, `?` and `[...]` match
as in git, where `*` crosses slashes. Git's `:(...)` words have no meaning here.
"""

from __future__ import annotations

import fnmatch
import os
import re
from typing import Callable, Iterable

_WILD = re.compile(rb"[*?\[]")
Selects = Callable[[bytes], bool]


def selecting(specs: Iterable[str]) -> Selects:
    """Return the test for a path; no spec at all selects everything."""
    tests = [_test(_tidy(spec)) for spec in specs]
    if not tests:
        return lambda _path: True
    return lambda path: any(test(path) for test in tests)


def _tidy(spec: str) -> bytes:
    parts: list[bytes] = spec.encode("utf-8", "surrogateescape").split(b"/")
    return b"/".join(part for part in parts if part not in {b"", b"."})


def _test(spec: bytes) -> Selects:
    if not spec:
        return lambda _path: True
    below = spec + b"/"
    pattern = _pattern(spec) if _WILD.search(spec) else None

    def test(path: bytes) -> bool:
        if path == spec or path.startswith(below):
            return True
        return pattern is not None and pattern.match(path) is not None

    return test


def _pattern(spec: bytes) -> re.Pattern[bytes]:
    # As for a plain name, what lies below a directory that matches is meant too.
    text = fnmatch.translate(os.fsdecode(spec))
    deeper = fnmatch.translate(os.fsdecode(spec + b"/*"))
    return re.compile(os.fsencode(f"{text}|{deeper}"))
