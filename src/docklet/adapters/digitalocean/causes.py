"""What happened to a request, dug out of the errors of four stacked libraries.

pydo stands on azure-core, that on requests, that on urllib3, that on ssl and sockets; each wraps
the errors of the next in its own way.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST: Final = 300
"""Characters of foreign text that get into a message."""


def vendor_errors() -> tuple[type[Exception], ...]:
    """Return all that pydo raises: azure-core's errors, and what gets past its wrapping."""
    from azure.core.exceptions import AzureError
    from urllib3.exceptions import HTTPError

    return AzureError, HTTPError, OSError, ValueError


def status_of(error: Exception) -> int | None:
    """Return the HTTP status that came, if one did."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def never_sent(error: Exception) -> bool:
    """Tell whether the request surely did not leave: no connection, or no trust, was established.

    azure-core's `ServiceRequestError` says less than its name: it wraps every TLS failure, also
    one in the middle of an answer.
    """
    from azure.core.exceptions import ServiceRequestTimeoutError
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

    before = (ServiceRequestTimeoutError, ConnectTimeoutError, NewConnectionError, ProxyError)
    return distrusted(error) or any(isinstance(each, before) for each in _layers(error))


def distrusted(error: Exception) -> bool:
    """Tell whether the other side's certificate was refused, or there is none to compare with.

    Of a bundle of certificates that is not there requests has but words.
    """
    from ssl import SSLCertVerificationError

    refused = any(isinstance(each, SSLCertVerificationError) for each in _layers(error))
    return refused or (type(error) is OSError and "CA certificate bundle" in str(error))


def cause_of(error: Exception) -> str:
    """Return what went wrong at the bottom, as one short line."""
    *_, bottom = _layers(error)
    return _clean(str(bottom)) or type(bottom).__name__


def said_by(error: Exception) -> str:
    """Return what the error's body says, as a sentence's end."""
    text = getattr(_body(error), "get", lambda _: None)("message")
    return f'"{_clean(text)}".' if isinstance(text, str) and text else "nothing more."


def retry_after(error: Exception) -> float:
    """Return the seconds of a Retry-After header; its other form, a date, is not used here."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("retry-after", 0)))
    except (TypeError, ValueError):
        return 0.0


def _layers(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it wraps, outermost first."""
    seen: list[BaseException] = []
    here: BaseException | None = error
    while here is not None and here not in seen:
        seen.append(here)
        yield here
        inner = (getattr(here, "inner_exception", None), getattr(here, "reason", None), *here.args)
        here = next((each for each in inner if isinstance(each, BaseException)), None)


def _body(error: Exception) -> object:
    """Return the JSON of the error's answer, or None."""
    response: Any = getattr(error, "response", None)
    try:
        body: object = json.loads(response.text())
    except Exception:  # noqa: BLE001 - the error is being explained already
        return None
    return body


def _clean(text: str) -> str:
    """Make foreign text one short line that no Markdown or terminal takes for more."""
    line = "".join(char if char.isprintable() and char not in "`<>" else " " for char in text)
    return " ".join(line.split())[:_LONGEST]
