"""Read one input's text as a value; `ValueError` carries the sentence for the user."""

from __future__ import annotations

import difflib
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

    E = TypeVar("E", bound=StrEnum)

_DURATION: Final = re.compile(
    r"(?:(\d{1,9})d)?\s*(?:(\d{1,9})h)?\s*(?:(\d{1,9})m)?\s*(?:(\d{1,9})s)?"
)
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_MONEY: Final = re.compile(r"\$?([0-9]{1,6}(?:\.[0-9]{0,6})?|\.[0-9]{1,6})")
_UNITS: Final = (86400, 3600, 60, 1)
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]{1,39}")
_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE: Final = re.compile(
    rf"(?:(?:[A-Za-z0-9.-]+)(?::\d+)?/)?{_PART}(?:/{_PART})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BAD_BRANCH: Final = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|[/.]$|\.lock(?:/|$)|/\."
)
_LONGEST_PATH: Final = 255
_LONGEST_SHOWN: Final = 60


def lines(text: str) -> tuple[str, ...]:
    """Return the non-blank lines of `text`, stripped."""
    return tuple(line for raw in text.splitlines() if (line := raw.strip()))


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the word probably meant, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean `{close[0]}`?" if close else ""


def choice(text: str, words: type[E]) -> E:
    """Read one word of a closed list."""
    try:
        return words(text.lower())
    except ValueError:
        known = ", ".join(f"`{word}`" for word in words)
        message = f"`{shown(text)}` is not one of {known}.{suggestion(text, words)}"
        raise ValueError(message) from None


def flag(text: str) -> bool:
    """Read `true` or `false`."""
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        message = f"`{shown(text)}` is neither `true` nor `false`."
        raise ValueError(message) from None


def duration(text: str) -> int:
    """Read a duration such as `90m`, `5h30m` or `3600` and return seconds."""
    if _NUMBER.fullmatch(text):
        return int(text)
    # Longer texts are not looked at: a run of blanks would be split in every possible way.
    found = _DURATION.fullmatch(text.lower()) if len(text) <= _LONGEST_SHOWN else None
    if found is None or not any(found.groups()):
        message = f"`{shown(text)}` is not a duration. Write it like `45m`, `5h` or `5h30m`."
        raise ValueError(message)
    return sum(int(n or 0) * unit for n, unit in zip(found.groups(), _UNITS, strict=True))


def count(text: str) -> int:
    """Read a whole number of 0 or more."""
    if not _NUMBER.fullmatch(text):
        message = f"`{shown(text)}` is not a whole number of 0 or more."
        raise ValueError(message)
    return int(text)


def money(text: str) -> Decimal:
    """Read an amount of dollars such as `2`, `0.50` or `$1.20`."""
    found = _MONEY.fullmatch(text)
    amount = Decimal(found[1]) if found else Decimal(0)
    if amount <= 0:
        message = f"`{shown(text)}` is not an amount of dollars above 0. Write it like `1.50`."
        raise ValueError(message)
    return amount


def slug(text: str) -> str:
    """Read a size or region slug."""
    if not _SLUG.fullmatch(text):
        message = (
            f"`{shown(text)}` is not a slug: those have lower-case letters, digits, `-` and `_`."
        )
        raise ValueError(message)
    return text


def image(text: str) -> str:
    """Read a Docker image reference (the grammar of the distribution project)."""
    if not _IMAGE.fullmatch(text):
        message = (
            f"`{shown(text)}` is not an image reference. Write it like `rocker/verse:4.4` or"
            " `ghcr.io/owner/name@sha256:...`, in lower case."
        )
        raise ValueError(message)
    return text


def inside(text: str) -> str:
    """Read a path that stays inside the repository; `.` is the repository itself."""
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if text.startswith("/") or ".." in parts or "\\" in text:
        message = f"`{shown(text)}` leaves the repository. Give a path relative to its root."
        raise ValueError(message)
    if not text.isprintable() or len(text.encode()) > _LONGEST_PATH:
        message = f"`{shown(text)}` has control characters or more than {_LONGEST_PATH} bytes."
        raise ValueError(message)
    if any(part.lower() == ".git" for part in parts):
        message = f"`{shown(text)}` is inside `.git`, which never takes part in a run."
        raise ValueError(message)
    return "/".join(parts) or "."


def branch(text: str) -> str:
    """Read a branch name (the rules of `git check-ref-format`)."""
    name = text.removeprefix("refs/heads/")
    if not name or _BAD_BRANCH.search(name) or name == "@":
        message = f"`{shown(text)}` is not a branch name."
        raise ValueError(message)
    return name


def variable(line: str) -> tuple[str, str]:
    """Read `NAME=value`."""
    name, sign, value = line.partition("=")
    if not sign or not _NAME.fullmatch(name):
        message = f"`{shown(name)}` is not a variable. Write one `NAME=value` a line."
        raise ValueError(message)
    return name, value


def shown(text: str) -> str:
    """Make foreign text fit for a message: one short line without control characters."""
    clean = "".join(char if char.isprintable() and char != "`" else "?" for char in text)
    return clean if len(clean) <= _LONGEST_SHOWN else f"{clean[: _LONGEST_SHOWN - 3]}..."
