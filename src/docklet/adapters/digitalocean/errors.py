"""What DigitalOcean, or the way there, can answer instead of what was asked, as our errors."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from docklet.adapters.digitalocean.causes import (
    cause_of,
    distrusted,
    never_sent,
    retry_after,
    said_by,
    status_of,
)
from docklet.adapters.digitalocean.purposes import CREATE, Purpose
from docklet.domain.errors import AmbiguousCreate, CloudError, CreateDeferred
from docklet.domain.outcome import Reason

_FULL: Final = ("limit",)
_ABSENT: Final = ("unavailable", "not available", "capacity", "sold out", "out of stock")
"""Words in what the cloud says; it has no codes for its refusals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A failed request that may be repeated without harm."""

    error: CloudError
    passing: bool = False
    """Whether it may well succeed later."""
    retry_after: float = 0.0
    """Seconds that the cloud asks to wait."""


def trouble_of(error: Exception, purpose: Purpose) -> Trouble:
    """Explain why a request that may be repeated failed."""
    status = status_of(error)
    if _refused(status):
        return Trouble(error=_refusal(error, purpose))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Trouble(error=CloudError(_TOO_MANY), passing=True, retry_after=retry_after(error))
    if _broken(status):
        message = _FAILED.format(doing=purpose.doing, status=status)
        return Trouble(error=CloudError(message), passing=True, retry_after=retry_after(error))
    return Trouble(error=_unanswered(error, purpose), passing=not distrusted(error))


def create_error(error: Exception) -> CloudError:
    """Explain why a create failed: refused, put off, never sent, or nobody knows."""
    status = status_of(error)
    if _refused(status):
        return _create_refusal(error)
    unsent = status is None and never_sent(error) and not distrusted(error)
    if unsent or status == HTTPStatus.TOO_MANY_REQUESTS:
        trouble = trouble_of(error, CREATE)
        return CreateDeferred(trouble.error.message, retry_after=trouble.retry_after)
    if status is None and never_sent(error):
        return _unanswered(error, CREATE)
    cause = f"HTTP {status}" if status else cause_of(error)
    return AmbiguousCreate(_AMBIGUOUS.format(cause=cause))


def not_understood(purpose: Purpose) -> CloudError:
    """Return the error for an answer that makes no sense."""
    return CloudError(_GARBAGE.format(doing=purpose.doing))


def gone(purpose: Purpose) -> CloudError:
    """Return the error for a droplet that has to be there and is not."""
    return CloudError(_GONE.format(doing=purpose.doing))


def _refused(status: int | None) -> bool:
    """Tell whether the cloud understood and said no; a redirection is one: none is expected."""
    passing = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    return status is not None and 300 <= status < 500 and status not in passing  # noqa: PLR2004


def _broken(status: int | None) -> bool:
    """Tell whether the cloud says itself that it failed."""
    return status is not None and (status >= 500 or status == HTTPStatus.REQUEST_TIMEOUT)  # noqa: PLR2004


def _refusal(error: Exception, purpose: Purpose) -> CloudError:
    """Return why the cloud does not do what it was asked for."""
    match status_of(error):
        case HTTPStatus.UNAUTHORIZED:
            message = _UNKNOWN.format(said=said_by(error))
            return CloudError(message, reason=Reason.CLOUD_DENIED)
        case HTTPStatus.FORBIDDEN:
            message = _SCOPE.format(
                doing=purpose.doing, scopes=purpose.scopes, said=said_by(error)
            )
            return CloudError(message, reason=Reason.CLOUD_DENIED)
        case status:
            message = _REFUSED.format(doing=purpose.doing, status=status, said=said_by(error))
            return CloudError(message)


def _create_refusal(error: Exception) -> CloudError:
    """Return why the cloud makes no droplet."""
    said = said_by(error)
    if any(word in said.lower() for word in _FULL):
        return CloudError(_QUOTA.format(said=said), reason=Reason.QUOTA)
    if any(word in said.lower() for word in _ABSENT):
        return CloudError(_UNAVAILABLE.format(said=said), reason=Reason.UNAVAILABLE)
    refusal = _refusal(error, CREATE)
    if refusal.reason is not Reason.CLOUD_DENIED:
        refusal.reason = Reason.CREATE_FAILED
    return refusal


def _unanswered(error: Exception, purpose: Purpose) -> CloudError:
    """Return why a request has no answer, or none that can be understood."""
    if never_sent(error):
        return CloudError(_NO_WAY.format(doing=purpose.doing, cause=cause_of(error)))
    if isinstance(error, ValueError) or status_of(error) is not None:
        return not_understood(purpose)
    return CloudError(_SILENT.format(doing=purpose.doing, cause=cause_of(error)))


_UNKNOWN: Final = (
    "DigitalOcean does not accept the token: it is mistyped, expired or revoked. Make a new one on"
    " https://cloud.digitalocean.com/account/api/tokens. DigitalOcean says: {said}"
)
_SCOPE: Final = (
    "The DigitalOcean token may not {doing}. A token with custom scopes needs {scopes} for it; if"
    " it has them, the account may be locked. DigitalOcean says: {said}"
)
_TOO_MANY: Final = (
    "DigitalOcean's limit of 250 requests a minute and 5,000 an hour is used up by all that share"
    " the token. Wait some minutes, or give docklet a token of its own."
)
_FAILED: Final = (
    "DigitalOcean failed to {doing} (HTTP {status}). https://status.digitalocean.com tells whether"
    " others have the same trouble; try again later."
)
_REFUSED: Final = "DigitalOcean refused to {doing} (HTTP {status}). It says: {said}"
_QUOTA: Final = (
    "DigitalOcean makes no further droplet for this account. It says: {said} Delete a droplet,"
    " wait for one of them to end, or ask for a higher limit"
    " (https://cloud.digitalocean.com/account/team/droplet_limit_increase)."
)
_UNAVAILABLE: Final = (
    "DigitalOcean does not have this size in this region now. It says: {said} Name further"
    " regions, choose another size, or try again later."
)
_NO_WAY: Final = (
    "No connection to DigitalOcean's API, so it could not be asked to {doing} ({cause}). Check the"
    " network, a proxy, DIGITALOCEAN_API_URL and REQUESTS_CA_BUNDLE."
)
_SILENT: Final = (
    "DigitalOcean's API did not answer when it was asked to {doing} ({cause}). Try again later."
)
_GARBAGE: Final = (
    "DigitalOcean's API was asked to {doing} and gave an answer that makes no sense. A proxy may"
    " have answered instead; check the network and DIGITALOCEAN_API_URL."
)
_GONE: Final = (
    "DigitalOcean could not {doing}: the droplet is gone. Somebody else may have deleted it."
)
_AMBIGUOUS: Final = (
    "DigitalOcean was asked to create a droplet and did not say whether it does ({cause}). It may"
    " exist, so it is looked for by its tag."
)
