"""Routes for who has which role in a repository.

Apps may look; people only where they can push.
"""

from __future__ import annotations

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.fields import choice
from docklet_sandbox.forge.model import User
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.repository_shape import permissions_shape
from docklet_sandbox.forge.shapes import Shape, user_shape
from docklet_sandbox.forge.tokens import Role, TokenKind
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_ALL = "/repos/{owner}/{repo}/collaborators"
_ONE = _ALL + "/{username}"
_WORDS = ("pull", "triage", "push", "maintain", "admin")


@routes.get(_ALL)
async def list_collaborators(request: web.Request) -> web.Response:
    """List who has a role of their own, the owner first."""
    here = _reader(request, "repository collaborators")
    choice(request, "affiliation", ("all", "direct", "outside"))
    wanted = choice(request, "permission", _WORDS)
    people = [here.forge.user(name) for name in (here.repo.owner, *here.repo.roles)]
    shapes = [_shape(here, user) for user in people if here.repo.role(user.login) is not Role.NONE]
    found = [shape for shape in shapes if shape["permissions"][wanted]]
    shown, headers = page_of(request, found)
    return web.json_response(shown, headers=headers)


@routes.get(_ONE)
async def check(request: web.Request) -> web.Response:
    """Say by the status alone whether somebody is a collaborator."""
    here = _reader(request, "repository collaborators")
    login = here.word("username").lower()
    mine = login == here.repo.owner.lower()
    if not mine and here.repo.roles.get(login, Role.NONE) is Role.NONE:
        return web.Response(status=404)
    return web.Response(status=204)


@routes.get(_ONE + "/permission")
async def get_permission(request: web.Request) -> web.Response:
    """Show what somebody may do in a repository."""
    here = _reader(request, "collaborator permission")
    user = here.forge.users.get(here.word("username").lower())
    if user is None or user.bot:
        raise GitHubError(404, f"{here.word('username')} is not a user")
    role = here.repo.role(user.login)
    shape = {"permission": role.permission, "role_name": role.value, "user": _shape(here, user)}
    return web.json_response(shape)


def _reader(request: web.Request, subject: str) -> Visit:
    """Let in an App, and whoever can push."""
    here = visit(request)
    if here.token is None:
        raise errors.authentication_required()
    person = here.token.kind is not TokenKind.APP
    if person and not here.repo.role(here.login).may_write:
        raise GitHubError(403, f"Must have push access to view {subject}.")
    return here


def _shape(here: Visit, user: User) -> Shape:
    role = here.repo.role(user.login)
    return {
        **user_shape(here.forge, user.login),
        "permissions": permissions_shape(role),
        "role_name": role.value,
    }
