"""The gate in front of all routes: who asks, how often, with which scopes.

It also gives every error the body that the real API has for it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from docklet_sandbox.cloud.errors import ApiError, forbidden, unauthorized
from docklet_sandbox.cloud.estate import Estate
from docklet_sandbox.cloud.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.typedefs import Handler

ESTATE = web.AppKey("estate", Estate)
LIMITS = web.AppKey("limits", Limits)
SCOPES = web.AppKey("scopes", dict[tuple[str, str], str])
TOKEN = web.RequestKey("token", str)
_STRANGER = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route of the API with the scope it asks for."""

    method: str
    path: str
    handler: Handler
    scope: str


@web.middleware
async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request in, and turn an ApiError into the answer that the real API gives."""
    headers: dict[str, str] = {}
    request_id = str(uuid.uuid4())
    try:
        headers |= _count(request)
        _admit(request)
        response = await handler(request)
    except ApiError as error:
        response = _error(error, request_id)
    response.headers.update({"x-request-id": request_id, **headers})
    return response


def need(request: web.Request, scope: str) -> None:
    """Raise ApiError unless the token has the scope."""
    scopes = request.app[ESTATE].settings.tokens[request[TOKEN]]
    if scopes is not None and scope not in scopes:
        raise forbidden()


def _count(request: web.Request) -> Mapping[str, str]:
    """Count the request as its token's; all strangers share one allowance."""
    estate = request.app[ESTATE]
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    known = kind == "Bearer" and token in estate.settings.tokens
    request[TOKEN] = token if known else _STRANGER
    return request.app[LIMITS].spend(request[TOKEN], estate.now())


def _admit(request: web.Request) -> None:
    if request[TOKEN] == _STRANGER:
        raise unauthorized()
    resource = request.match_info.route.resource
    if resource is not None:
        need(request, request.app[SCOPES][request.method, resource.canonical])


def _error(error: ApiError, request_id: str) -> web.Response:
    body = {"id": error.id, "message": error.message, "request_id": request_id}
    return web.json_response(body, status=error.status, headers=error.headers)
