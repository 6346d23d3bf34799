"""Routes for accounts, their keys, repositories, and the rate limit.

An installation token has no account of its own: GitHub answers 403 where one is asked for.
"""

from __future__ import annotations

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.model import User
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.repository_shape import full_repository_shape
from docklet_sandbox.forge.shapes import own_profile_shape, profile_shape
from docklet_sandbox.forge.tokens import Role, TokenKind
from docklet_sandbox.forge.visit import FORGE, token_of, visit

routes = web.RouteTableDef()


@routes.get("/user")
async def get_me(request: web.Request) -> web.Response:
    """Show whose token this is."""
    token = token_of(request)
    if token is None:
        raise errors.authentication_required()
    if token.kind is TokenKind.APP:
        raise errors.inaccessible(token)
    forge = request.app[FORGE]
    return web.json_response(own_profile_shape(forge, forge.user(token.login)))


@routes.get("/users/{username}")
async def get_user(request: web.Request) -> web.Response:
    """Show an account."""
    return web.json_response(profile_shape(request.app[FORGE], _user(request)))


@routes.get("/users/{username}/keys")
async def list_keys(request: web.Request) -> web.Response:
    """List somebody's public SSH keys, without their comments as GitHub does."""
    user = _user(request)
    keys = [" ".join(key.split()[:2]) for key in user.keys]
    shown, headers = page_of(request, list(enumerate(keys)))
    found = [{"id": user.id + n, "key": key} for n, key in shown]
    return web.json_response(found, headers=headers)


@routes.get("/repos/{owner}/{repo}")
async def get_repository(request: web.Request) -> web.Response:
    """Show a repository."""
    here = visit(request)
    role = here.repo.role(here.login) if here.login else Role.NONE
    return web.json_response(full_repository_shape(here.forge, here.repo, role))


@routes.get("/rate_limit")
async def get_rate_limit(request: web.Request) -> web.Response:
    """Show what is left of the hour's requests; asking costs none."""
    token = token_of(request)
    core = request.app[FORGE].meter.account(token).figures()
    return web.json_response({"resources": {"core": core, "search": core}, "rate": core})


def _user(request: web.Request) -> User:
    user = request.app[FORGE].users.get(request.match_info["username"].lower())
    if user is None:
        raise errors.not_found()
    return user
