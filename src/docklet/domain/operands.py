"""The words behind `/docklet stop`, `logs`, `extend`, `keep` and `status`."""

from __future__ import annotations

import re
from typing import Final

from docklet.domain import values
from docklet.domain.address import refuse

_MOST_LINES: Final = 1000
_SHORTEST: Final = 60
_LONGEST: Final = 86400
_LONGEST_WORD: Final = 20
_RUN: Final = re.compile(r"[0-9a-f]{4,20}")
_NUMBER: Final = re.compile(r"[0-9]{1,6}")


def read_run(command: str, words: tuple[str, ...]) -> str:
    """Return the digits of the run that the words name; empty when there is no word."""
    if len(words) > 1 or (words and not _RUN.fullmatch(words[0].lower())):
        wrong = next((word for word in words if not _RUN.fullmatch(word.lower())), words[-1])
        refuse(
            f"`{command}` does not know what to do with `{values.shown(wrong)}`. A run is named by"
            " 4 to 20 of its key's digits, one at a time; `/docklet status` lists the runs."
        )
    return words[0].lower() if words else ""


def read_lines(words: tuple[str, ...]) -> tuple[int | None, str]:
    """Return the number of lines wanted, if one is given, and the run."""
    if not words or not _NUMBER.fullmatch(words[0]):
        return None, read_run("logs", words)
    lines = int(words[0])
    if not 1 <= lines <= _MOST_LINES:
        refuse(f"`logs` shows 1 to {_MOST_LINES} lines; the run's page has all of them.")
    return lines, read_run("logs", words[1:])


def read_time(words: tuple[str, ...]) -> tuple[int, str]:
    """Return the seconds to add, and the run."""
    if not words:
        refuse("`extend` needs a time, such as `/docklet extend 2h`.")
    try:
        seconds = values.duration(words[0]) if len(words[0]) <= _LONGEST_WORD else 0
    except ValueError as error:
        refuse(str(error))
    if not _SHORTEST <= seconds <= _LONGEST:
        refuse("`extend` adds between `1m` and `24h`.")
    return seconds, read_run("extend", words[1:])


def read_nothing(command: str, words: tuple[str, ...]) -> None:
    """Refuse words behind a command that takes none."""
    if words:
        refuse(f"`{command}` takes no word, and here is `{values.shown(words[0])}`.")
