"""Understand what git and the forge say when they refuse.

git gives one exit code for everything, so words decide: those of git's own sources, which
`LC_ALL=C` keeps, and those that GitHub sends. The first row that fits wins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import GitError
from docklet.domain.outcome import Reason
from docklet.ports import PushAnswer, PushVerdict

if TYPE_CHECKING:
    from docklet.adapters.git.process import Finished

_DENIED: Final = re.compile(
    r"returned error: 40[13]|authentication failed|could not read (?:username|password)"
    r"|permission to \S+ denied|write access to repository not granted|archived so it is read-only"
    r"|repository not found|repository '[^']*' not found|returned error: 404",
    re.IGNORECASE,
)
_GONE: Final = re.compile(
    r"couldn't find remote ref|not our ref|unadvertised object|did not send all necessary"
)
_PASSING: Final = re.compile(
    r"returned error: (?:5\d\d|429)|rpc failed|hung up unexpectedly|could not resolve host"
    r"|failed to connect|couldn't connect|connection (?:timed out|reset|refused)|early eof"
    r"|operation (?:timed out|too slow)|empty reply|unexpected disconnect|recv failure"
    r"|ssl[_ ]|gnutls|internal server error|unable to access|bad line length|expected flush",
    re.IGNORECASE,
)
_REFUSED: Final = re.compile(
    r"gh001|exceeds github's file size limit|exceeds maximum allowed size|error: 413"
    r"|push protection|push cannot contain secrets|secret scanning"
    r"|fsck error|refusing to allow .* to create or update workflow",
    re.IGNORECASE,
)
_ROOTLESS: Final = re.compile(r"shallow update not allowed")
_RACED: Final = re.compile(
    r"fetch first|non-fast-forward|stale info|cannot lock ref|failed to update ref"
    r"|remote ref updated since checkout|incorrect old value|reference already exists"
    r"|is at [0-9a-f]{40} but expected",
    re.IGNORECASE,
)
_PROTECTED: Final = re.compile(
    r"gh006|gh013|protected branch|repository rule violations|hook declined"
    r"|branch is currently checked out|deny updating",
    re.IGNORECASE,
)
_VERDICTS: Final = (
    (PushVerdict.REFUSED, _REFUSED),
    (PushVerdict.ROOTLESS, _ROOTLESS),
    (PushVerdict.RACED, _RACED),
    (PushVerdict.PROTECTED, _PROTECTED),
    (PushVerdict.DENIED, _DENIED),
)
_NOISE: Final = ("To ", "hint:", "Resolving deltas", "error: failed to push some refs")
_LONGEST_DETAIL: Final = 2000


def push_answer(done: Finished, sha: str) -> PushAnswer:
    """Return what became of `git push --porcelain` of commit `sha`.

    When a connection breaks, curl may send a push again without a word, and the second one
    finds that the branch is at `sha` already: that is no lost race.
    """
    if done.code == 0:
        return PushAnswer(verdict=PushVerdict.ACCEPTED)
    refusals = [
        line for line in done.stdout.decode("utf-8", "replace").splitlines() if line[:1] == "!"
    ]
    said = "\n".join([*refusals, done.said])
    verdict = next((verdict for verdict, words in _VERDICTS if words.search(said)), None)
    if f"is at {sha}" in said:
        verdict = PushVerdict.UNKNOWN
    return PushAnswer(verdict=verdict or PushVerdict.UNKNOWN, detail=_detail(refusals, done.said))


def checked(done: Finished, what: str) -> Finished:
    """Return a command that succeeded; raise `GitError` that begins with `what` for another."""
    if done.code == 0:
        return done
    if _DENIED.search(done.said):
        message = (
            f"{what}: {done.said}. The token may be wrong or have expired. It needs"
            " `contents: read` on this repository, and `contents: write` to push to it."
        )
        raise GitError(message, reason=Reason.FORGE_DENIED)
    message = f"{what}: {done.said}. Can the forge be reached from here?"
    raise GitError(message)


def is_gone(said: str) -> bool:
    """Tell whether the branch or commit is not there."""
    return _GONE.search(said) is not None


def is_passing(said: str) -> bool:
    """Tell whether asking again may help."""
    return _PASSING.search(said) is not None and _DENIED.search(said) is None


def _detail(refusals: list[str], said: str) -> str:
    """Return what the forge said, without the frame that git puts around it."""
    lines = [line.removeprefix("remote:").strip() for line in said.splitlines()]
    wanted = [line for line in lines if line and not line.startswith(_NOISE)]
    reasons = [line.rpartition("\t")[2] for line in refusals]
    return "\n".join([*wanted, *reasons])[:_LONGEST_DETAIL]
