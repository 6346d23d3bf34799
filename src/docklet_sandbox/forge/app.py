"""The forge as an aiohttp application: all routes, GitHub's headers and its rate limits.

The server puts its own middlewares (journal, faults, later the checks against the official
description) around it; routes are named as that description names them, below `/api/v3`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from docklet_sandbox.forge import (
    commit_comments,
    commits,
    contents,
    issues,
    lfs,
    people,
    pulls,
    reactions,
    runs,
    smart_http,
    statuses,
)
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.store import API, Forge
from docklet_sandbox.forge.tokens import TokenKind
from docklet_sandbox.forge.visit import FORGE, token_of

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

_MAX_JSON = 4 * 1024 * 1024
_FREE = f"{API}/rate_limit"
_REST: tuple[web.RouteTableDef, ...] = (
    people.routes,
    statuses.routes,
    commit_comments.routes,
    pulls.routes,
    reactions.routes,
    issues.routes,
    runs.routes,
    contents.routes,
    commits.routes,  # last: its refs may look like any path
)


def forge_app(forge: Forge, middlewares: Iterable[Middleware] = ()) -> web.Application:
    """Make the application that serves a forge, inside the middlewares given."""
    app = web.Application(middlewares=[*middlewares, _github], client_max_size=_MAX_JSON)
    app[FORGE] = forge
    app.add_routes(_below_api(_REST))
    app.add_routes(contents.pages)
    app.add_routes(smart_http.routes)
    app.add_routes(lfs.routes)
    return app


def _below_api(tables: Sequence[web.RouteTableDef]) -> list[web.RouteDef]:
    return [
        web.RouteDef(route.method, API + route.path, route.handler, route.kwargs)
        for table in tables
        for route in table
        if isinstance(route, web.RouteDef)
    ]


@web.middleware
async def _github(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer refusals in GitHub's shape; count REST requests and put its headers on."""
    rest = request.path.startswith(f"{API}/")
    try:
        if rest:
            _count(request)
        response = await handler(request)
    except GitHubError as error:
        response = error.response()
    if rest:
        response.headers.update(_headers(request))
    return response


def _count(request: web.Request) -> None:
    if request.path == _FREE:
        return
    write = request.method not in {"GET", "HEAD"}
    request.app[FORGE].meter.count(token_of(request), write=write)


def _headers(request: web.Request) -> dict[str, str]:
    """Return what GitHub puts on every REST answer; scopes only for tokens that have them."""
    headers = {
        "x-github-media-type": "github.v3; format=json",
        "x-github-request-id": secrets.token_hex(8).upper(),
    }
    try:
        token = token_of(request)
    except GitHubError:
        return headers
    headers |= request.app[FORGE].meter.account(token).headers()
    if token is not None and token.kind is TokenKind.CLASSIC:
        headers["X-OAuth-Scopes"] = "repo, workflow"
    return headers
