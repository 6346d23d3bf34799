"""Where a script says that it failed, in the words of the languages that it may be written in.

Every line is looked at by itself, and what stands around it within a few lines, so that a log of
any form costs no more time than its length.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from docklet.domain.annotation import Annotation, annotation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST: Final = 10
"""Annotations for one run: the last ones, since the last error is what ended it."""
_LONGEST_LINE: Final = 2000
_NEAR: Final = 10
"""Lines within which an error is told that belongs to a place, or a place to an error."""


class _Found(NamedTuple):
    """A place in a log."""

    at: int
    """The log's line."""
    path: str
    line: str
    message: str


_FRAME: Final = re.compile(r'[ |]*File "(?P<path>[^"]+)", line (?P<line>\d{1,7})')
_RAISED: Final = re.compile(
    r"[ |]*(?P<message>[A-Za-z_][\w.]*(?:: .*|(?:Error|Exception|Exit|Interrupt|Group):?))$"
)
_NAMED: Final = r"(?=[^\s:]*[./])(?P<path>[^\s:]+)"
"""A word that is a file's name rather than a program's, or a time."""
_ONE_LINE: Final = (
    # bash, and sh
    re.compile(r"(?P<path>[^\s:]+): line (?P<line>\d{1,7}): (?P<message>.+)"),
    re.compile(_NAMED + r": (?P<line>\d{1,7}): (?P<message>.+)"),
    # R, when a file can't be parsed
    re.compile(
        r"(?:Error[^:]*: ?)?(?P<path>[^\s:]+\.[RrQq](?:md)?):(?P<line>\d{1,7}):\d+:"
        r" (?P<message>.+)"
    ),
    # compilers, linters
    re.compile(_NAMED + r":(?P<line>\d{1,7}):(?:\d+:)? (?:fatal )?[Ee]rror: (?P<message>.+)"),
)
_R_PLACE: Final = re.compile(
    r"(?<![^\s()#:])(?P<path>[^\s()#:]+\.\w+)#(?P<line>\d{1,7})\)? ?:?(?P<message>.*)"
)
"""Where R was, behind `Error`; each word is looked at once."""
_KNITTING: Final = re.compile(
    r"Quitting from (?:lines (?P<old>\d{1,7})-\d+ (?:\[[^\]]*\] )?\((?P<old_path>[^()]+)\)"
    r"|(?P<path>[^\s:]+):(?P<line>\d{1,7})-\d+)"
)
_JULIA_ERROR: Final = re.compile(r"ERROR: (?:LoadError: )*(?P<message>.*)")
_JULIA_PLACE: Final = re.compile(
    r"in expression starting at (?P<path>[^:]+):(?P<line>\d{1,7})\s*$"
)


def failures_in(log: str, workdir: str) -> tuple[Annotation, ...]:
    """Return the lines of the repository at which a log's errors say that they happened.

    `workdir` is the script's working directory, relative to the repository's root.
    """
    lines = [line[:_LONGEST_LINE] for line in log.splitlines()]
    readers = (_python(lines, workdir), _plainly(lines), _r(lines), _julia(lines))
    found = sorted(one for reader in readers for one in reader)
    places: dict[tuple[str, int], Annotation] = {}
    for one in found:
        made = annotation(one.path, one.line, one.message, workdir)
        if made is not None:
            places.pop((made.path, made.line), None)
            places[made.path, made.line] = made
    return tuple(places.values())[-MOST:]


def _python(lines: Sequence[str], workdir: str) -> Iterator[_Found]:
    """Yield the innermost frame of the repository of each traceback."""
    inner: re.Match[str] | None = None
    for at, line in enumerate(lines):
        frame, raised = _FRAME.match(line), _RAISED.match(line)
        if frame and annotation(frame["path"], frame["line"], "", workdir):
            inner = frame
        elif raised and inner:
            yield _Found(at, inner["path"], inner["line"], raised["message"])
            inner = None


def _plainly(lines: Sequence[str]) -> Iterator[_Found]:
    """Yield what is told in one line."""
    for at, line in enumerate(lines):
        for pattern in _ONE_LINE:
            if found := pattern.match(line):
                yield _Found(at, found["path"], found["line"], found["message"])
                break


def _r(lines: Sequence[str]) -> Iterator[_Found]:
    """Yield where R, and knitr, say that an error was."""
    for at, line in enumerate(lines):
        if line.startswith("Error") and (error := _R_PLACE.search(line)):
            message = error["message"].strip() or _next(lines, at)
            yield _Found(at, error["path"], error["line"], message)
        elif chunk := _KNITTING.match(line):
            path, number = chunk["path"] or chunk["old_path"], chunk["line"] or chunk["old"]
            yield _Found(at, path, number, _error_after(lines, at))


def _julia(lines: Sequence[str]) -> Iterator[_Found]:
    """Yield where Julia says that an error was, which it tells behind the error's frames."""
    message = ""
    for at, line in enumerate(lines):
        if error := _JULIA_ERROR.match(line):
            message = error["message"]
        elif place := _JULIA_PLACE.match(line):
            yield _Found(at, place["path"], place["line"], message)


def _error_after(lines: Sequence[str], at: int) -> str:
    """Return the error that is told near a line, with the line that ends its sentence."""
    for number in range(at + 1, min(at + _NEAR, len(lines))):
        if lines[number].startswith("Error"):
            more = _next(lines, number) if lines[number].rstrip().endswith(":") else ""
            return f"{lines[number]} {more}"
    return ""


def _next(lines: Sequence[str], at: int) -> str:
    """Return the next line; empty at the end."""
    return lines[at + 1] if at + 1 < len(lines) else ""
