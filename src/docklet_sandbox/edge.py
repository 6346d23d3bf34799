"""The edge that every request to the sandbox passes: journal, delay, faults, unknown routes.

One middleware serves cloud and forge alike, so that both are strict and breakable in one way.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from docklet_sandbox.faults import Fault, FaultKind
from docklet_sandbox.journal import Entry, Violation

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.typedefs import Handler, Middleware

    from docklet_sandbox.faults import Faults
    from docklet_sandbox.journal import Journal

_log = logging.getLogger(__name__)
GARBAGE = '<html><head><title>Bad gateway</title></head><body>{"droplet":'
_SILENCE_STEP = 0.05
_KEPT_BODY = 1024 * 1024
_TEXT_TYPES = ("application/json", "application/x-www-form-urlencoded", "text/")


@dataclass(slots=True, kw_only=True)
class _Exchange:
    """What is known of a request while it is dealt with."""

    request: web.Request
    service: str
    route: str
    body: str = ""
    started: float = field(default_factory=time.time)
    fault: str = ""
    violation: str = ""
    silent: bool = False

    def entry(self, response: web.StreamResponse) -> Entry:
        sent = self.request.content.total_bytes if self.request.can_read_body else 0
        return Entry(
            time=self.started,
            seconds=round(time.time() - self.started, 4),
            service=self.service,
            method=self.request.method,
            path=self.request.path,
            route=self.route,
            query=self.request.query_string,
            status=0 if self.silent else response.status,
            request_bytes=max(sent, len(self.body.encode())),
            response_bytes=_size(response),
            request_body=self.body,
            client=self.request.headers.get("User-Agent", ""),
            fault=self.fault,
            violation=self.violation,
        )


def edge(
    service: str, *, journal: Journal, faults: Faults, delay: Callable[[], float]
) -> Middleware:
    """Make the middleware of one service.

    `delay` is asked at every request for the seconds that an answer shall take at least. Handlers
    raise Violation for a request that no correct client sends.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        exchange = _Exchange(request=request, service=service, route=_route(request))
        exchange.body = await _text(request)
        response: web.StreamResponse = web.Response(status=499)
        try:
            await asyncio.sleep(delay())
            fault = faults.take(service, request.method, exchange.route, request.path)
            exchange.fault = "" if fault is None else fault.kind
            response = await _through(exchange, fault, handler)
        except web.HTTPException as error:
            response = error
            raise
        finally:
            journal.record(exchange.entry(response))
        return response

    return middleware


async def _through(
    exchange: _Exchange, fault: Fault | None, handler: Handler
) -> web.StreamResponse:
    """Let the request through, with the fault before or after it takes effect."""
    if fault is None:
        return await _judge(exchange, handler)
    if fault.kind is FaultKind.DELAY:
        await asyncio.sleep(fault.latency)
        return await _judge(exchange, handler)
    if fault.commit:
        await _judge(exchange, handler)
    await asyncio.sleep(fault.latency)
    return await _strike(exchange, fault)


async def _judge(exchange: _Exchange, handler: Handler) -> web.StreamResponse:
    """Call the handler; turn what no correct client sends, and our own bugs, into a 500."""
    unknown = exchange.request.match_info.http_exception
    if unknown is not None:
        return _condemn(exchange, f"{unknown.reason}: the sandbox has no such route or method.")
    try:
        return await handler(exchange.request)
    except Violation as violation:
        return _condemn(exchange, str(violation))
    except web.HTTPException:
        raise
    except ConnectionResetError:
        exchange.silent = True  # the client has left, as it may: nobody hears an answer
        return web.Response(status=499)
    except Exception as bug:  # noqa: BLE001 - whatever it is, the test has to fail by it
        _log.exception("The sandbox itself failed.")
        return _condemn(exchange, f"The sandbox itself failed: {bug!r}.")


async def _strike(exchange: _Exchange, fault: Fault) -> web.StreamResponse:
    if fault.kind is FaultKind.ANSWER:
        return _answer(fault)
    if fault.kind is FaultKind.GARBAGE:
        return web.Response(text=GARBAGE, content_type="text/html", headers=fault.headers)
    exchange.silent = True
    transport = exchange.request.transport
    if fault.kind is FaultKind.BLACK_HOLE:
        # aiohttp tells a handler in no other way that its client has left.
        while exchange.request.transport is not None:  # noqa: ASYNC110
            await asyncio.sleep(_SILENCE_STEP)
    elif transport is not None:
        transport.abort()
    return web.Response(status=499)


def _answer(fault: Fault) -> web.Response:
    if isinstance(fault.body, str):
        return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
    body = fault.body
    if body is None:
        body = {"id": "server_error", "message": "Unexpected server-side error"}
    return web.json_response(body, status=fault.status, headers=fault.headers)


def _condemn(exchange: _Exchange, reason: str) -> web.Response:
    exchange.violation = reason
    return web.json_response({"id": "sandbox_violation", "message": reason}, status=500)


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical


async def _text(request: web.Request) -> str:
    """Read a body of text; binary bodies are left for the handler to stream."""
    if not request.can_read_body or not request.content_type.startswith(_TEXT_TYPES):
        return ""
    if (request.content_length or 0) > _KEPT_BODY:
        return ""
    return (await request.read()).decode("utf-8", "replace")


def _size(response: web.StreamResponse) -> int:
    if isinstance(response, web.Response):
        body: Any = response.body
        return len(body) if isinstance(body, bytes) else 0
    return response.body_length if response.prepared else 0


def json_body(text: str) -> Any:  # noqa: ANN401 - foreign JSON, judged by the caller
    """Read a JSON body; another one is a violation, since clients make JSON by library."""
    try:
        return json.loads(text)
    except ValueError as error:
        message = f"The body is not JSON ({error})."
        raise Violation(message) from error
