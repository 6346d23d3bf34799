"""What PyGithub's failures mean: whether to ask again, and what to tell the user.

PyGithub lets through whatever requests raises, and its parsers stumble over answers that are not
GitHub's in ways of their own; all of these end here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from docklet.adapters.github.sentences import (
    Purpose,
    accepted_by,
    advice_on,
    down,
    gone,
    grant,
    refused,
    said_by,
    undone,
    unknown_token,
)
from docklet.domain.errors import ForgeError, ForgeGone, ForgeLacks
from docklet.domain.outcome import Reason

if TYPE_CHECKING:
    from github import GithubException

LONGEST_WAIT: Final = 90.0
"""Seconds that GitHub may ask us to wait; it says 60 to bursts, and up to an hour to floods."""
_BURST_WAIT: Final = 60.0
"""Seconds to wait when it refuses a burst without saying how long (GitHub's own advice)."""
_UNAUTHORIZED, _FORBIDDEN, _TIMED_OUT, _TOO_MANY, _SERVER_ERROR = 401, 403, 408, 429, 500
_MISSING: Final = {404, 410}
_UNPROCESSABLE: Final = 422


class Fate(StrEnum):
    """What became of a request that failed."""

    REFUSED = "refused"
    """It was understood, and asking again gives the same answer."""
    NOT_NOW = "not now"
    """It was turned away unheard; ask again later."""
    UNKNOWN = "unknown"
    """Nobody knows whether it took effect."""


def failures() -> tuple[type[Exception], ...]:
    """Return all that a call of PyGithub raises; `OSError` covers everything of requests."""
    from github import GithubException
    from github.GithubException import BadAttributeException

    ours = (GithubException, BadAttributeException, OSError)
    return (
        *ours,
        AssertionError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    )


def fate_of(error: Exception, now: float) -> Fate:
    """Say what became of the request that ended in `error` at epoch second `now`."""
    from github import GithubException

    if not isinstance(error, GithubException):
        return _fate_without_answer(error)
    if _is_limited(error):
        return Fate.NOT_NOW if pause_of(error, now) <= LONGEST_WAIT else Fate.REFUSED
    lost = error.status >= _SERVER_ERROR or error.status == _TIMED_OUT
    return Fate.UNKNOWN if lost else Fate.REFUSED


def _fate_without_answer(error: Exception) -> Fate:
    """Say what became of a request that GitHub did not answer, or not like GitHub."""
    from requests import exceptions

    if isinstance(error, exceptions.JSONDecodeError):
        return Fate.UNKNOWN
    if isinstance(error, exceptions.ConnectTimeout):
        return Fate.NOT_NOW
    about_tls = isinstance(error, exceptions.SSLError)
    about_url = isinstance(error, exceptions.RequestException) and isinstance(error, ValueError)
    elsewhere = isinstance(error, (exceptions.TooManyRedirects, RuntimeError))
    transport = (exceptions.RequestException, ConnectionError, TimeoutError)
    about_files = isinstance(error, OSError) and not isinstance(error, transport)
    hopeless = about_tls or about_url or elsewhere or about_files
    return Fate.REFUSED if hopeless else Fate.UNKNOWN


def pause_of(error: Exception, now: float) -> float:
    """Return the seconds that GitHub wants us to wait before another try; 0 if it does not."""
    from github import GithubException

    if not (isinstance(error, GithubException) and _is_limited(error)):
        return 0.0
    headers = error.headers or {}
    if "retry-after" in headers:
        return _number(headers["retry-after"])
    if headers.get("x-ratelimit-remaining") == "0":
        return max(_number(headers.get("x-ratelimit-reset")) - now, 0.0)
    return _BURST_WAIT


def explained(error: Exception, purpose: Purpose) -> ForgeError:
    """Return the error to raise for one that no further try will mend."""
    from github import GithubException

    if not isinstance(error, GithubException):
        kind = type(error).__name__
        return ForgeError(
            f"GitHub gave no usable answer when asked to {purpose.action} ({kind}). Check this"
            " machine's network, its proxy settings and GITHUB_API_URL."
        )
    words = said_by(error)
    said = f"{error.status}: {words}"
    if _is_limited(error):
        return ForgeError(
            f"GitHub's limit for requests is used up, so it would not {purpose.action} ({said})."
            " Try again in an hour, or let fewer runs share the token."
        )
    if error.status == _UNAUTHORIZED:
        return ForgeError(unknown_token(said, purpose), reason=Reason.FORGE_DENIED)
    if error.status == _FORBIDDEN:
        return _denied(said, purpose, accepted_by(error))
    no_commit = error.status == _UNPROCESSABLE and words.startswith("No commit found")
    missing = error.status in _MISSING or no_commit
    if missing:
        return ForgeGone(
            gone(said, purpose) if error.status in _MISSING else undone(said, purpose)
        )
    lost = error.status >= _SERVER_ERROR or error.status == _TIMED_OUT
    return ForgeError(down(said, purpose) if lost else undone(said, purpose))


def _denied(said: str, purpose: Purpose, accepted: str) -> ForgeError:
    """Tell a permission that the token lacks from what no permission mends."""
    advice = advice_on(said)
    if advice:
        return ForgeError(refused(said, purpose, advice), reason=Reason.FORGE_DENIED)
    return ForgeLacks(refused(said, purpose, grant(purpose, accepted)))


def _is_limited(error: GithubException) -> bool:
    """Tell whether GitHub had enough of our requests rather than something against this one."""
    from github import RateLimitExceededException

    asked_to_wait = error.status == _FORBIDDEN and "retry-after" in (error.headers or {})
    limited = error.status == _TOO_MANY or isinstance(error, RateLimitExceededException)
    return limited or asked_to_wait


def _number(text: str | None) -> float:
    """Read a header that should hold seconds."""
    try:
        return max(float(text or 0), 0.0)
    except ValueError:
        return 0.0
