"""Read what the agent on the droplet answers.

The droplet is hostile once the user's image runs, so answers are data: they are checked here and
become our own types.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from docklet.domain.ending import Ending
from docklet.domain.errors import AgentError
from docklet.domain.foreign import LONGEST, one_line
from docklet.domain.outcome import Reason
from docklet.domain.triage import Look
from docklet.pipeline.readings import read_usage
from docklet.ports import Completed

if TYPE_CHECKING:
    from collections.abc import Mapping

_REASONS: Final[Mapping[str, Reason]] = {
    "clone-auth": Reason.FORGE_DENIED,
    "clone-not-found": Reason.NOT_CLONED,
    "clone-sha-missing": Reason.NOT_CLONED,
    "clone-network": Reason.NOT_CLONED,
    "clone-failed": Reason.NOT_CLONED,
    "lfs-missing": Reason.NOT_CLONED,
    "pull-denied": Reason.IMAGE_NOT_PULLED,
    "pull-not-found": Reason.IMAGE_NOT_PULLED,
    "pull-failed": Reason.IMAGE_NOT_PULLED,
    "docker-missing": Reason.IMAGE_NOT_PULLED,
    "image-missing": Reason.IMAGE_NOT_PULLED,
    "image-cannot-run": Reason.IMAGE_CANNOT_RUN,
    "workdir-missing": Reason.NOT_CLONED,
    "disk-full": Reason.DISK_FULL,
}


def read_answer(verb: str, done: Completed) -> Mapping[str, Any]:
    """Read the agent's one line of JSON."""
    if done.exit_code not in {0, 1}:
        raise broken(done, verb)
    try:
        answer = json.loads(done.stdout)
    except (ValueError, RecursionError):
        raise broken(done, verb) from None
    if not isinstance(answer, dict):
        raise broken(done, verb)
    error = answer.get("error")
    if isinstance(error, dict):
        kind = one_line(str(error.get("kind", "")))
        raise AgentError(
            one_line(str(error.get("message", ""))),
            kind=kind,
            reason=_REASONS.get(kind, Reason.AGENT_FAILED),
        )
    return answer


def read_ending(answer: Mapping[str, Any]) -> Ending:
    """Read an ending; anything odd about it raises `AgentError`."""
    try:
        code, usage = answer.get("exit_code"), answer.get("usage") or {}
        return Ending(
            kind=one_line(str(answer["kind"])),
            exit_code=None if code is None else int(code),
            message=one_line(str(answer.get("message") or "")),
            started=float(answer.get("started") or 0),
            finished=float(answer.get("finished") or 0),
            log_bytes=int(answer.get("log_bytes") or 0),
            usage=read_usage(usage),
            keep=one_line(str(answer.get("keep") or "")),
            limit=int(answer.get("limit") or 0),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise broken(
            Completed(exit_code=0, stdout=repr(answer).encode(), stderr=b""), "ending"
        ) from None


def read_look(answer: Mapping[str, Any]) -> Look:
    """Read a look; anything odd about it raises `AgentError`."""
    try:
        lease, record = answer["lease"], answer["record"] or {}
        return Look(
            lease=None if lease is None else max(0.0, float(lease)),
            started=bool(answer["started"]),
            ended=bool(answer["ended"]),
            record=dict(record.items()),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise broken(
            Completed(exit_code=0, stdout=repr(answer).encode(), stderr=b""), "look"
        ) from None


def read_left(answer: Mapping[str, Any]) -> float | None:
    """Read how many seconds a script has left; None when it was too late for more."""
    try:
        return max(0.0, float(answer["left"])) if answer["extended"] else None
    except (KeyError, TypeError, ValueError, OverflowError):
        raise broken(
            Completed(exit_code=0, stdout=repr(answer).encode(), stderr=b""), "extend"
        ) from None


def broken(done: Completed, verb: str) -> AgentError:
    """Describe an agent that did not do as agreed."""
    tail = one_line((done.stderr or done.stdout)[-LONGEST:].decode(errors="replace"))
    message = (
        f"The step `{verb}` on the droplet ended with {done.exit_code} and no answer. This is"
        f" probably a mistake of docklet's, or the machine was tampered with. It printed:\n{tail}"
    )
    return AgentError(message, kind=f"exit-{done.exit_code}")
