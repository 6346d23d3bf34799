"""Routes for reactions to comments.

The same reaction by the same account is there once: asking again answers 200 instead of 201.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.model import Comment, Place, Reaction
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.shapes import Shape, moment, node_id, user_shape
from docklet_sandbox.forge.tokens import Level, Permission
from docklet_sandbox.forge.visit import Visit, fields, visit

routes = web.RouteTableDef()
_COMMIT = "/repos/{owner}/{repo}/comments/{comment_id}/reactions"
_ISSUE = "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions"
_CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
_RESOURCE = "Reaction"
_GRANTS = {
    Place.COMMIT: (Permission.CONTENTS,),
    Place.ISSUE: (Permission.ISSUES, Permission.PULL_REQUESTS),
}


@routes.post(_COMMIT)
@routes.post(_ISSUE)
async def add_reaction(request: web.Request) -> web.Response:
    """React to a comment."""
    here = _visit(request, Level.WRITE)
    comment = _comment(here)
    content = (await fields(request, {"content": str}))["content"]
    if content not in _CONTENTS:
        raise errors.invalid(_RESOURCE, "content")
    for known in comment.reactions:
        if (known.content, known.login) == (content, here.login):
            return web.json_response(_shape(here, known))
    now = here.forge.now()
    new = Reaction(id=here.forge.new_id(), content=content, login=here.login, created=now)
    here.repo.comments[comment.id] = replace(comment, reactions=(*comment.reactions, new))
    return web.json_response(_shape(here, new), status=201)


@routes.get(_COMMIT)
@routes.get(_ISSUE)
async def list_reactions(request: web.Request) -> web.Response:
    """List the reactions to a comment."""
    here = _visit(request, Level.READ)
    shown, headers = page_of(request, _comment(here).reactions)
    return web.json_response([_shape(here, r) for r in shown], headers=headers)


@routes.delete(_COMMIT + "/{reaction_id}")
@routes.delete(_ISSUE + "/{reaction_id}")
async def delete_reaction(request: web.Request) -> web.Response:
    """Take a reaction back."""
    here = _visit(request, Level.WRITE)
    comment, number = _comment(here), here.number("reaction_id")
    left = tuple(r for r in comment.reactions if r.id != number)
    if len(left) == len(comment.reactions):
        raise errors.not_found()
    here.repo.comments[comment.id] = replace(comment, reactions=left)
    return web.Response(status=204)


def rollup(comment: Comment, url: str) -> Shape:
    """Show how often a comment got each reaction."""
    counted = Counter(r.content for r in comment.reactions)
    counts = {content: counted[content] for content in _CONTENTS}
    return {"url": f"{url}/reactions", "total_count": counted.total(), **counts}


def _place(request: web.Request) -> Place:
    resource = request.match_info.route.resource
    on_issue = resource is not None and "/issues/" in resource.canonical
    return Place.ISSUE if on_issue else Place.COMMIT


def _visit(request: web.Request, level: Level) -> Visit:
    return visit(request, *_GRANTS[_place(request)], level=level, open_to_all=True)


def _comment(here: Visit) -> Comment:
    comment = here.repo.comments.get(here.number("comment_id"))
    if comment is None or comment.deleted or comment.place is not _place(here.request):
        raise errors.not_found()
    return comment


def _shape(here: Visit, reaction: Reaction) -> Shape:
    return {
        "id": reaction.id,
        "node_id": node_id("Reaction", reaction.id),
        "user": user_shape(here.forge, reaction.login),
        "content": reaction.content,
        "created_at": moment(reaction.created),
    }
