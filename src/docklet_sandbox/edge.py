"""The edge that every request to the sandbox passes: journal, delay, faults, unknown routes.

One middleware serves cloud and forge alike, so that both are strict and breakable in one way.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from aiohttp import web

from docklet_sandbox.exchange import Exchange, route_of, text_of
from docklet_sandbox.faults import Fault, FaultKind
from docklet_sandbox.journal import Violation
from docklet_sandbox.strike import strike

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.typedefs import Handler, Middleware

    from docklet_sandbox.contract.contract import Contract
    from docklet_sandbox.faults import Faults
    from docklet_sandbox.journal import Journal

_log = logging.getLogger(__name__)


def edge(
    service: str,
    *,
    journal: Journal,
    faults: Faults,
    delay: Callable[[], float],
    contract: Contract | None = None,
) -> Middleware:
    """Make the middleware of one service.

    `delay` is asked at every request for the seconds that an answer shall take at least. Handlers
    raise Violation for a request that no correct client sends. Requests and answers, but for
    those of faults, are held against the contract, if there is one.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        exchange = Exchange(
            request=request,
            service=service,
            journal=journal,
            route=route_of(request),
            contract=contract,
        )
        exchange.body = await text_of(request)
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
            exchange.note(response)
        return response

    return middleware


async def _through(
    exchange: Exchange, fault: Fault | None, handler: Handler
) -> web.StreamResponse:
    """Let the request through, with the fault before or after it takes effect."""
    if forbidden := await _forbidden(exchange):
        return _condemn(exchange, forbidden)
    if fault is None:
        return await _judge(exchange, handler)
    if fault.kind is FaultKind.DELAY:
        await asyncio.sleep(fault.latency)
        return await _judge(exchange, handler)
    true = await _effect(exchange, handler) if fault.commit else None
    await asyncio.sleep(fault.latency)
    return await _strike(exchange, fault, true)


async def _forbidden(exchange: Exchange) -> str:
    """Say why no correct client sends this request; keep a doubt about its values."""
    if exchange.contract is None or exchange.request.match_info.http_exception is not None:
        return ""
    verdict = await exchange.contract.judge(exchange.request, exchange.route)
    exchange.doubt = verdict.doubt
    return verdict.violation


async def _judge(exchange: Exchange, handler: Handler) -> web.StreamResponse:
    """Call the handler; an answer that is not as described is a 500, since it is our own bug."""
    try:
        response = await _handle(exchange, handler)
    except web.HTTPException as answer:
        if wrong := _objection(exchange, answer):
            return _condemn(exchange, wrong)
        raise
    wrong = _objection(exchange, response)
    return _condemn(exchange, wrong) if wrong else response


def _objection(exchange: Exchange, response: web.StreamResponse) -> str:
    """Say what the contract has against an answer, unless it is a verdict of our own."""
    if exchange.contract is None or exchange.violation or exchange.silent:
        return ""
    method = exchange.request.method
    return exchange.contract.object_to(method, exchange.route, response, exchange.doubt)


async def _handle(exchange: Exchange, handler: Handler) -> web.StreamResponse:
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


async def _effect(exchange: Exchange, handler: Handler) -> web.StreamResponse:
    """Let the request take effect, and keep the answer back."""
    try:
        return await _judge(exchange, handler)
    except web.HTTPException as answer:
        return answer


async def _strike(
    exchange: Exchange, fault: Fault, true: web.StreamResponse | None
) -> web.StreamResponse:
    nobody = web.Response(status=499)
    if fault.kind in {FaultKind.DROP, FaultKind.BLACK_HOLE}:
        exchange.silent = True
        exchange.note(nobody)
    answer = await strike(exchange.request, fault, exchange.service, true)
    exchange.silent = answer is None
    return answer or nobody


def _condemn(exchange: Exchange, reason: str) -> web.Response:
    exchange.violation = reason
    return web.json_response({"id": "sandbox_violation", "message": reason}, status=500)


def json_body(text: str) -> Any:  # noqa: ANN401 - foreign JSON, judged by the caller
    """Read a JSON body; another one is a violation, since clients make JSON by library."""
    try:
        return json.loads(text)
    except ValueError as error:
        message = f"The body is not JSON ({error})."
        raise Violation(message) from error
