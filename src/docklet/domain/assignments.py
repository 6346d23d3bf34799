"""The words behind `/docklet run`: a job, `input=value`, and the commit that was looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from docklet.domain import values
from docklet.domain.address import refuse, straight
from docklet.domain.inputs import LISTS

JOB_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
"""Names that a job can have."""
_INPUT: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_SHA: Final = re.compile(r"[0-9a-f]{40}")


def read_job(words: tuple[str, ...]) -> tuple[str, dict[str, str], str]:
    """Return the job, its inputs and the commit; raise `InvalidCommand` with all problems.

    Whether there is such a job, and such an input, is for the configuration to say.
    """
    found = _Found()
    for word in words:
        name, sign, value = word.partition("=")
        if sign:
            found.assign(name, value)
        else:
            found.name(word)
    if found.problems:
        refuse(*found.problems)
    return found.job, found.inputs, found.sha


@dataclass(slots=True)
class _Found:
    """What the words have said so far."""

    job: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    sha: str = ""
    problems: list[str] = field(default_factory=list)

    def name(self, word: str) -> None:
        """Take a word without `=` for the job."""
        shown = f"`{values.shown(word)}`"
        if self.job:
            self.problems.append(
                f"{shown} is one word too many: a command runs one job, and a value that has"
                f' blanks needs quotation marks, as in `args="a b"`.{straight(word)}'
            )
        elif JOB_NAME.fullmatch(word):
            self.job = word
        else:
            self.problems.append(
                f"{shown} is neither a job's name nor `input=value`.{straight(word)}"
            )

    def assign(self, name: str, value: str) -> None:
        """Take `name=value` for an input, or for the commit."""
        problem = self._wrong(name, value)
        if problem:
            self.problems.append(problem)
        elif name == "sha":
            self.sha = value.lower()
        elif name in self.inputs:
            self.inputs[name] += LISTS[name] + value
        else:
            self.inputs[name] = value

    def _wrong(self, name: str, value: str) -> str:
        """Return what is wrong with an assignment."""
        shown = f"`{values.shown(name)}`"
        if not _INPUT.fullmatch(name):
            word = values.shown(f"{name}={value}")
            return f"`{word}` sets no input. Write `input=value`, without blanks around the `=`."
        if not value or value != value.strip():
            return f"The value of {shown} is empty, or begins or ends with a blank."
        if name == "sha":
            return self._wrong_sha(value)
        if name in self.inputs and name not in LISTS:
            return f"{shown} is given twice."
        return ""

    def _wrong_sha(self, value: str) -> str:
        """Return what is wrong with the commit."""
        if self.sha:
            return "`sha` is given twice."
        if not _SHA.fullmatch(value.lower()):
            return f"`sha` is a commit's 40 hexadecimal digits, and not `{values.shown(value)}`."
        return ""
