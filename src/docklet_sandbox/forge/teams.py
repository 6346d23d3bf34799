"""The route for who is in an organisation's team.

GitHub's extract of a description leaves it out; the shape is that of its documentation. A
workflow's token may see no team, and nobody's absence is told from a team's.
"""

from __future__ import annotations

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.tokens import TokenKind
from docklet_sandbox.forge.visit import FORGE, token_of

routes = web.RouteTableDef()
_ONE = "/orgs/{org}/teams/{team_slug}/memberships/{username}"


@routes.get(_ONE)
async def get_membership(request: web.Request) -> web.Response:
    """Show whether somebody is in a team, and as what."""
    token = token_of(request)
    if token is None:
        raise errors.authentication_required()
    if token.kind is TokenKind.APP:
        raise errors.inaccessible(token)
    forge, words = request.app[FORGE], request.match_info
    team = f"{words['org']}/{words['team_slug']}".lower()
    state = forge.teams.get(team, {}).get(words["username"].lower())
    if state is None:
        raise errors.not_found()
    url = f"{forge.api_url}/orgs/{words['org']}/teams/{words['team_slug']}"
    shape = {"url": f"{url}/memberships/{words['username']}", "role": "member", "state": state}
    return web.json_response(shape)
