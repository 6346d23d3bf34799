"""A comment's text as a command to docklet.

Only the first line that is not blank counts, so whatever is quoted, fenced, or below a reply by
mail is never a command; nor is a line that Markdown shows as code. What follows `/docklet` is
split as a POSIX shell would split it, but nothing is ever expanded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from docklet.domain import values
from docklet.domain.address import refuse, words_of
from docklet.domain.assignments import read_job
from docklet.domain.operands import read_lines, read_nothing, read_run, read_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`/docklet run [job] [input=value ...] [sha=...]`: rent a droplet and run a job."""

    job: str = ""
    """Name of a job of the configuration; empty for the one that needs no name."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Text of inputs by name; of lists (`args`, `region`, ...) joined as the action takes them."""
    sha: str = ""
    """40 lower-case hex digits of the commit that the person has looked at; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRun:
    """`/docklet plan ...`: say what `run` with the same words would do and cost."""

    job: str = ""
    """As in `Run`."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """As in `Run`."""
    sha: str = ""
    """As in `Run`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """`/docklet stop [run]`: end a run."""

    run: str = ""
    """At least 4 lower-case hex digits that the run's key begins with; empty for the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """`/docklet logs [n] [run]`: show the end of a run's log."""

    lines: int = 50
    """Lines to show, 1 to 1000."""
    run: str = ""
    """As in `Stop`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """`/docklet extend 2h [run]`: let a script, or a kept droplet, have more time."""

    seconds: int
    """Seconds to add, 60 to 86400."""
    run: str = ""
    """As in `Stop`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """`/docklet keep [run]`: keep the droplet when its run has ended."""

    run: str = ""
    """As in `Stop`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`/docklet status`: list the runs of this conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """`/docklet help`, or `/docklet` alone: list the commands and the jobs."""


Command: TypeAlias = Run | PlanRun | Stop | Logs | Extend | Keep | Status | Help


_OTHER_WORDS: Final = {
    **dict.fromkeys(("start", "rerun", "retry", "go", "test"), "run"),
    **dict.fromkeys(("cancel", "abort", "kill", "end", "quit", "rm"), "stop"),
    **dict.fromkeys(("ls", "list", "ps"), "status"),
    **dict.fromkeys(("tail", "output"), "logs"),
}
"""What people write elsewhere for what they mean here; resemblance alone would mislead."""


def command_of(body: str) -> Command | None:
    """Return the command that a comment gives, or None when it gives none.

    Raises `InvalidCommand` when the comment speaks to docklet and can't be understood; its
    message names what is not known and the nearest word that is.
    """
    words = words_of(body)
    if words is None:
        return None
    if not words:
        return Help()
    read = _COMMANDS.get(words[0])
    if read is None:
        refuse(_unknown(words[0]))
    return read(words[1:])


def _unknown(word: str) -> str:
    """Say that there is no such command, and what was probably meant."""
    meant = _OTHER_WORDS.get(word.lower())
    nearest = f" Did you mean `{meant}`?" if meant else values.suggestion(word.lower(), _COMMANDS)
    return (
        f"There is no command `{values.shown(word)}`.{nearest} `/docklet help` lists the commands"
        " and the jobs; `/docklet run JOB` runs one."
    )


def _run(words: tuple[str, ...]) -> Run:
    """Read what follows `run`."""
    job, inputs, sha = read_job(words)
    return Run(job=job, inputs=inputs, sha=sha)


def _plan(words: tuple[str, ...]) -> PlanRun:
    """Read what follows `plan`."""
    job, inputs, sha = read_job(words)
    return PlanRun(job=job, inputs=inputs, sha=sha)


def _logs(words: tuple[str, ...]) -> Logs:
    """Read what follows `logs`; a short number is one of lines and never a run."""
    lines, run = read_lines(words)
    return Logs(run=run) if lines is None else Logs(lines=lines, run=run)


def _extend(words: tuple[str, ...]) -> Extend:
    """Read what follows `extend`."""
    seconds, run = read_time(words)
    return Extend(seconds=seconds, run=run)


def _status(words: tuple[str, ...]) -> Status:
    """Read what follows `status`."""
    read_nothing("status", words)
    return Status()


_COMMANDS: Final[Mapping[str, Callable[[tuple[str, ...]], Command]]] = {
    "run": _run,
    "plan": _plan,
    "stop": lambda words: Stop(run=read_run("stop", words)),
    "logs": _logs,
    "extend": _extend,
    "keep": lambda words: Keep(run=read_run("keep", words)),
    "status": _status,
    "help": lambda _: Help(),
}
"""How the words behind each command are read."""
