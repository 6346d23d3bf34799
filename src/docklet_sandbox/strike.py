"""How a fault looks on the wire: somebody else's answer, half an answer, or none at all."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession, web

from docklet_sandbox.faults import Fault, FaultKind, Flavour

if TYPE_CHECKING:
    from collections.abc import Mapping

_SILENCE_STEP = 0.05
_PROMISED = b'{"droplets": [{"id": 510000001, "name": "docklet", "status": "act'
"""Sent, in part, where there is no true answer to truncate."""
_HTML = '<html><head><title>Bad gateway</title></head><body>{"droplet":'
_PLAIN = {"content-type": "text/plain"}
_JSON = {"content-type": "application/json"}
_GARBAGE: Mapping[Flavour, tuple[bytes, Mapping[str, str]]] = {
    Flavour.HTML: (_HTML.encode(), {"content-type": "text/html"}),
    Flavour.TEXT: (b"upstream connect error or disconnect/reset before headers", _PLAIN),
    Flavour.EMPTY: (b"", _JSON),
    Flavour.NULL: (b"null", _JSON),
    Flavour.LIST: (b'["droplet"]', _JSON),
    Flavour.HALF: (b'{"droplet": {"id": 51000', _JSON),
    Flavour.BINARY: (bytes(range(256)), _JSON),
    Flavour.GZIP: (b'{"droplet": null}', {**_JSON, "content-encoding": "gzip"}),
}
_TOO_MANY = HTTPStatus.TOO_MANY_REQUESTS
_PULL_LIMIT = (
    "You have reached your pull rate limit. You may increase the limit by authenticating and "
    "upgrading: https://www.docker.com/increase-rate-limit"
)
_HUB = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600"}
"""What Docker Hub says of its limits: pulls, and the seconds of the window."""


async def strike(
    request: web.Request, fault: Fault, service: str, true: web.StreamResponse | None = None
) -> web.StreamResponse | None:
    """Answer in the fault's way; `true` is the answer that the client would have got, if any.

    Returns None where nobody was answered.
    """
    streamed = true is not None and true.prepared  # then all that is left is the end
    if fault.kind is FaultKind.BLACK_HOLE:
        await _outlast(request)
    elif fault.kind is FaultKind.DROP or streamed:
        _hang_up(request)
    elif fault.kind is FaultKind.GARBAGE:
        body, headers = _GARBAGE[fault.flavour]
        return web.Response(body=body, headers={**headers, **fault.headers})
    elif fault.kind is FaultKind.TRUNCATED:
        return await _truncate(request, fault, true)
    else:
        return _answer(fault, service)
    return None


async def _outlast(request: web.Request) -> None:
    """Wait until the client has left, of which aiohttp tells a handler in no other way."""
    while request.transport is not None:  # noqa: ASYNC110
        await asyncio.sleep(_SILENCE_STEP)


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _answer(fault: Fault, service: str) -> web.Response:
    headers = dict(fault.headers)
    if fault.retry_after is not None:
        headers["retry-after"] = str(fault.retry_after)
    if isinstance(fault.body, str):
        return web.Response(status=fault.status, text=fault.body, headers=headers)
    if service == "registry" and fault.status == _TOO_MANY:
        headers = {**_HUB, **headers}
    body = _said(service, fault.status) if fault.body is None else fault.body
    return web.json_response(body, status=fault.status, headers=headers)


def _said(service: str, status: int) -> Any:  # noqa: ANN401 - JSON
    """Return what a service says with a status when nothing else is known."""
    limited = status == _TOO_MANY
    if service == "registry":
        code, message = _registry_error(status)
        return {"errors": [{"code": code, "message": message}]}
    if service == "forge":
        message = "You have exceeded a secondary rate limit." if limited else "Server Error"
        link = "https://docs.github.com/rest"
        return {"message": message, "documentation_url": link, "status": str(status)}
    if limited:
        return {"id": "too_many_requests", "message": "API Rate limit exceeded."}
    return {"id": "server_error", "message": "Unexpected server-side error"}


def _registry_error(status: int) -> tuple[str, str]:
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return "TOOMANYREQUESTS", _PULL_LIMIT
        case HTTPStatus.NOT_FOUND:
            return "MANIFEST_UNKNOWN", "manifest unknown"
        case _:
            return "UNKNOWN", "unknown error"


async def _truncate(
    request: web.Request, fault: Fault, true: web.StreamResponse | None
) -> web.StreamResponse | None:
    """Send the head of an answer and a part of its body, then close."""
    status, headers, body = await _whole(fault, true)
    kept = len(body) // 2 if fault.cut is None else min(fault.cut, len(body) - 1)
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[:kept])
    if request.transport is not None:
        request.transport.close()
    return response


async def _whole(
    fault: Fault, true: web.StreamResponse | None
) -> tuple[int, Mapping[str, str], bytes]:
    """Return the answer to truncate: the true one, wherever it leads to, else an invented one."""
    if true is not None and "Location" in true.headers:
        async with ClientSession() as session, session.get(true.headers["Location"]) as found:
            return found.status, _kept(found.headers), await found.read()
    if isinstance(true, web.Response) and isinstance(true.body, bytes) and true.body:
        return true.status, _kept(true.headers), true.body
    if isinstance(fault.body, str) and fault.body:
        return HTTPStatus.OK, _JSON, fault.body.encode()
    return HTTPStatus.OK, _JSON, _PROMISED


def _kept(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers that do not speak of the connection or of the body's form."""
    own = {"content-length", "content-encoding", "transfer-encoding", "connection"}
    return {name: value for name, value in headers.items() if name.lower() not in own}
