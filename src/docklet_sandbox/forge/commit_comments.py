"""Routes for comments on commits.

GitHub takes them for any commit that the repository has, on a branch or not.
"""

from __future__ import annotations

from aiohttp import web

from docklet_sandbox.forge import comments
from docklet_sandbox.forge.conversation import check_open
from docklet_sandbox.forge.fields import fields
from docklet_sandbox.forge.model import Comment, Place
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.tokens import Level, Permission
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_ON_COMMIT = "/repos/{owner}/{repo}/commits/{commit_sha}/comments"
_ALL = "/repos/{owner}/{repo}/comments"
_ONE = "/repos/{owner}/{repo}/comments/{comment_id}"


@routes.post(_ON_COMMIT)
async def create(request: web.Request) -> web.Response:
    """Comment on a commit."""
    here = _writer(request)
    spot = {"path": str, "position": int, "line": int}
    body = await fields(request, {"body": str}, spot)
    commit = await here.commit(here.word("commit_sha"))
    check_open(here, locked=commit.sha in here.repo.locked_commits, subject="commit")
    text = body.pop("body")
    comment = comments.write(here, Place.COMMIT, commit.sha, text, **body)
    shape = comments.comment_shape(here, comment)
    return web.json_response(shape, status=201, headers={"Location": shape["url"]})


@routes.get(_ON_COMMIT)
async def list_on_commit(request: web.Request) -> web.Response:
    """List the comments on a commit."""
    here = visit(request)
    sha = await here.repo.bare.resolve(here.word("commit_sha"))
    found = comments.comments_on(here, Place.COMMIT, sha or here.word("commit_sha"))
    return _page(here, found)


@routes.get(_ALL)
async def list_all(request: web.Request) -> web.Response:
    """List the comments on all commits."""
    here = visit(request)
    return _page(here, comments.comments_on(here, Place.COMMIT))


@routes.get(_ONE)
async def get(request: web.Request) -> web.Response:
    """Show a comment."""
    here = visit(request)
    return web.json_response(comments.comment_shape(here, comments.comment_of(here, Place.COMMIT)))


@routes.patch(_ONE)
async def edit(request: web.Request) -> web.Response:
    """Give a comment another text."""
    here = _writer(request)
    comment = _open_comment(here)
    body = await fields(request, {"body": str})
    changed = comments.edit(here, comment, body["body"])
    return web.json_response(comments.comment_shape(here, changed))


@routes.delete(_ONE)
async def delete(request: web.Request) -> web.Response:
    """Delete a comment."""
    here = _writer(request)
    return comments.delete(here, _open_comment(here))


def _writer(request: web.Request) -> Visit:
    return visit(request, Permission.CONTENTS, level=Level.WRITE, open_to_all=True)


def _open_comment(here: Visit) -> Comment:
    comment = comments.comment_of(here, Place.COMMIT)
    check_open(here, locked=comment.target in here.repo.locked_commits, subject="commit")
    return comment


def _page(here: Visit, found: list[Comment]) -> web.Response:
    shown, headers = page_of(here.request, found)
    return web.json_response([comments.comment_shape(here, c) for c in shown], headers=headers)
