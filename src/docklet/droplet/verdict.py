"""How a run ended, decided from what was observed; nothing here looks at the world."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

_KILLED = 137
_SIGNALS = range(129, 193)
"""Exit codes by which shells and init tell of a signal; a script may use them for itself."""
_ENDED_BY_DAEMON = (137, 143, 255)
_OUT = "The script ran out of memory; take a larger size."
_CHILD = (
    "A process of the script was killed for want of memory, and the script failed with exit code"
    " {code}; take a larger size."
)
_PERHAPS = (
    "The script was killed, and the kernel killed a process for lack of memory meanwhile; take a"
    " larger size."
)
_GAP = "The Docker daemon was restarted meanwhile, so a moment of the log may be missing."
# What init, the runtime and the loader print when there is nothing to run. Since the whole
# log is that one line, no script has printed it after doing something.
_NOT_RUN = re.compile(
    rb"(\[FATAL tini \(\d+\)\] exec .* failed: [^\n]*"
    rb"|docklet: [^\n]*: (not found in this image|not there|not executable)"
    rb"|(standard_init_linux\.go:\d+: )?exec[^\n]*: exec format error"
    rb"|docklet: \d+: exec: [^\n]*)\s*"
)
_NOT_RUN_CODES = (1, 2, 125, 126, 127, 255)


@dataclass(frozen=True)
class Facts:
    """What the supervisor saw."""

    exit_code: int | None = None
    """As Docker tells it."""
    interrupted: str = ""
    """`timed-out` or `stopped` if we ended it."""
    limit: float = 0.0
    """Seconds that it might take."""
    asked_by: str = ""
    """Who wanted that, as far as anybody said."""
    refusal: str = ""
    """Why Docker could not start it."""
    out_of_memory: bool = False
    """A process of the container was killed for want of memory, the first one or another."""
    kills: int = 0
    """Processes that the kernel killed for memory meanwhile, on the whole machine."""
    disk_is_full: bool = False
    daemon_was_lost: bool = False
    log: bytes = b""
    """The whole log if it is short, else nothing."""
    trouble: str = ""
    """Why there is no exit code, in a sentence."""


class Verdict(NamedTuple):
    """An ending's kind, with a sentence for people."""

    kind: str
    message: str


_TIMED_OUT = "The script reached its time limit of {limit} and was ended."
_STOPPED = "The script was stopped on request."
_WELL = Verdict("exited", "The script ended well.")


def judge(facts: Facts) -> Verdict:
    """Name the ending; what explains an exit code best comes first."""
    if facts.refusal:
        return _refused(facts)
    if facts.interrupted == "stopped":
        return Verdict("stopped", stopped(facts.asked_by))
    if facts.interrupted == "timed-out":
        return Verdict("timed-out", _TIMED_OUT.format(limit=spelled(facts.limit)))
    if facts.exit_code is None:
        return Verdict("lost", facts.trouble or "How the script ended is not known.")
    verdict = _failed(facts, facts.exit_code) if facts.exit_code else _WELL
    if facts.daemon_was_lost and verdict.kind == "exited":
        return verdict._replace(message=f"{verdict.message} {_GAP}")
    return verdict


def spelled(seconds: float) -> str:
    """Write a time limit as the input `timeout` takes it."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{number:g}{unit}" for number, unit in parts if number)


def stopped(by: str) -> str:
    """Say that somebody stopped the script."""
    return f"The script was stopped on request of {by}." if by else _STOPPED


def _refused(facts: Facts) -> Verdict:
    said = f"Docker says: {facts.refusal}"
    if facts.disk_is_full or "no space left" in facts.refusal:
        return Verdict("disk-full", f"The disk is full; take a larger size. {said}")
    return Verdict("image-cannot-run", f"The image can't run this script. {said}")


def _not_run(said: str) -> str:
    if said.endswith("not executable"):
        return (
            "The script has no extension that docklet knows and is not executable. Give it the"
            f" executable bit (git update-index --chmod=+x) or name an interpreter. ({said})"
        )
    if said.endswith("not there"):
        return f"The script is not in the repository at this commit; check its path. ({said})"
    return f"The image can't run this script; is it the right image? It says: {said}"


def _failed(facts: Facts, code: int) -> Verdict:
    if code in _NOT_RUN_CODES and _NOT_RUN.fullmatch(facts.log):
        return Verdict("image-cannot-run", _not_run(facts.log.decode("utf-8", "replace").strip()))
    if facts.out_of_memory:
        told = _OUT if code == _KILLED else _CHILD.format(code=code)
        return Verdict("out-of-memory", told)
    if facts.kills and code == _KILLED:
        return Verdict("out-of-memory", _PERHAPS)
    if facts.disk_is_full:
        return Verdict("disk-full", "The disk is full; take a larger size.")
    if facts.daemon_was_lost and code in _ENDED_BY_DAEMON:
        return Verdict("lost", "The Docker daemon was restarted and took the script with it.")
    hint = f", as after signal {code - 128}" if code in _SIGNALS else ""
    return Verdict("exited", f"The script failed with exit code {code}{hint}.")
