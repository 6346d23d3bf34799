"""The forge as an aiohttp application: all routes, GitHub's headers and its rate limits.

The server puts its own middlewares (journal, faults, checks against the official description)
around it; routes are named as that description names them, below `/api/v3`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from aiohttp import web

from docklet_sandbox.forge import (
    activity,
    check_runs,
    collaborators,
    commit_comments,
    commits,
    contents,
    file_writes,
    issue_comments,
    issues,
    lfs,
    lfs_storage,
    objects,
    people,
    pulls,
    reactions,
    refs,
    runs,
    smart_http,
    statuses,
    teams,
)
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.store import API, Forge
from docklet_sandbox.forge.tokens import TokenKind
from docklet_sandbox.forge.visit import ACCEPTED, FORGE, token_of

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

_MAX_JSON = 4 * 1024 * 1024
_FREE = f"{API}/rate_limit"
_VERSION_HEADER = "X-GitHub-Api-Version"
_VERSIONS = ("2022-11-28", "2026-03-10")
_NO_AGENT = (
    "Request forbidden by administrative rules. Please make sure your request has a User-Agent"
    " header.\n"
)
_REST: tuple[web.RouteTableDef, ...] = (
    people.routes,
    collaborators.routes,
    teams.routes,
    activity.routes,
    statuses.routes,
    check_runs.routes,
    commit_comments.routes,
    pulls.routes,
    reactions.routes,
    issue_comments.routes,
    issues.routes,
    runs.routes,
    contents.routes,
    file_writes.routes,
    objects.routes,
    refs.routes,  # last: refs may look like any path
    commits.routes,
)


def forge_app(forge: Forge, middlewares: Iterable[Middleware] = ()) -> web.Application:
    """Make the application that serves a forge, inside the middlewares given."""
    app = web.Application(middlewares=[*middlewares, _github], client_max_size=_MAX_JSON)
    app[FORGE] = forge
    app.add_routes(_below_api(_REST))
    app.add_routes(contents.pages)
    app.add_routes(smart_http.routes)
    app.add_routes(lfs.routes)
    app.add_routes(lfs_storage.routes)
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
    if rest and not request.headers.get("User-Agent"):
        return web.Response(status=403, text=_NO_AGENT)
    try:
        with _counted(request) if rest else nullcontext():
            response = await handler(request)
    except GitHubError as error:
        response = error.response()
    if rest:
        response.headers.update(_headers(request))
    return response


def _counted(request: web.Request) -> AbstractContextManager[None]:
    version = request.headers.get(_VERSION_HEADER, _VERSIONS[0])
    if version not in _VERSIONS:
        raise GitHubError(400, f"The API version {version} is not supported.")
    if request.path == _FREE:
        return nullcontext()
    write = request.method not in {"GET", "HEAD"}
    meter = request.app[FORGE].meter
    return meter.admit(token_of(request), _repository(request), write=write)


def _headers(request: web.Request) -> dict[str, str]:
    """Return what GitHub puts on every REST answer: of scopes or of permissions, by the token."""
    headers = {
        "x-github-media-type": "github.v3; format=json",
        "x-github-request-id": secrets.token_hex(8).upper(),
        "x-github-api-version-selected": request.headers.get(_VERSION_HEADER, _VERSIONS[0]),
    }
    try:
        token = token_of(request)
    except GitHubError:
        return headers
    headers |= request.app[FORGE].meter.account(token, _repository(request)).headers()
    wanted = request.get(ACCEPTED, "")
    if token is not None and token.kind is TokenKind.CLASSIC:
        headers |= {
            "X-OAuth-Scopes": token.scopes,
            "X-Accepted-OAuth-Scopes": "repo" if "=write" in wanted else "",
        }
    elif token is not None and wanted:
        headers["x-accepted-github-permissions"] = wanted
    return headers


def _repository(request: web.Request) -> str:
    """Return the full name in the path; empty where there is none."""
    owner, name = (request.match_info.get(word, "") for word in ("owner", "repo"))
    return f"{owner}/{name}" if owner else ""
