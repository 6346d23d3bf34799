"""Routes for comments on issues and pull requests."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from docklet_sandbox.forge import comments
from docklet_sandbox.forge.conversation import BOTH, check_open, issue_of
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.fields import choice, fields
from docklet_sandbox.forge.model import Comment, Place
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.tokens import Level
from docklet_sandbox.forge.visit import Visit, visit
from docklet_sandbox.journal import Violation

routes = web.RouteTableDef()
MOST = 2500
"""Comments on one issue; GitHub takes no more."""
_ISSUES = "/repos/{owner}/{repo}/issues"
_ON_ISSUE = _ISSUES + "/{issue_number}/comments"
_ALL = _ISSUES + "/comments"
_ONE = _ALL + "/{comment_id}"


@routes.get(_ALL)
async def list_all(request: web.Request) -> web.Response:
    """List the comments on all issues and pull requests."""
    here = visit(request, *BOTH)
    found = _since(here, comments.comments_on(here, Place.ISSUE))
    by_time = choice(request, "sort", ("", "created", "updated"))
    word = choice(request, "direction", ("asc", "desc"))
    if by_time:
        edge = 0 if by_time == "created" else -1
        found.sort(key=lambda c: c.history[edge].at, reverse=word == "desc")
    return _page(here, found)


@routes.get(_ONE)
async def get(request: web.Request) -> web.Response:
    """Show a comment."""
    here = visit(request, *BOTH)
    comment = comments.comment_of(here, Place.ISSUE)
    issue_of(here, int(comment.target))
    return web.json_response(comments.comment_shape(here, comment))


@routes.patch(_ONE)
async def edit(request: web.Request) -> web.Response:
    """Give a comment another text."""
    here, comment = _on_comment(request)
    body = await fields(request, {"body": str})
    changed = comments.edit(here, comment, body["body"])
    return web.json_response(comments.comment_shape(here, changed))


@routes.delete(_ONE)
async def delete(request: web.Request) -> web.Response:
    """Delete a comment."""
    return comments.delete(*_on_comment(request))


@routes.get(_ON_ISSUE)
async def list_on_issue(request: web.Request) -> web.Response:
    """List the comments on an issue or pull request."""
    here = visit(request, *BOTH)
    issue = issue_of(here, here.number("issue_number"))
    return _page(here, _since(here, comments.comments_on(here, Place.ISSUE, str(issue.number))))


@routes.post(_ON_ISSUE)
async def create(request: web.Request) -> web.Response:
    """Comment on an issue or pull request."""
    here = visit(request, *BOTH, level=Level.WRITE, open_to_all=True)
    issue = issue_of(here, here.number("issue_number"), Level.WRITE)
    check_open(here, locked=issue.locked, subject="issue")
    target = str(issue.number)
    if len(comments.comments_on(here, Place.ISSUE, target)) >= MOST:
        message = f"Commenting is disabled on issues with more than {MOST} comments"
        raise GitHubError(403, message)
    body = await fields(request, {"body": str})
    comment = comments.write(here, Place.ISSUE, target, body["body"])
    shape = comments.comment_shape(here, comment)
    return web.json_response(shape, status=201, headers={"Location": shape["url"]})


def _since(here: Visit, found: list[Comment]) -> list[Comment]:
    """Leave out what was not changed since the time that was asked for, in whole seconds."""
    text = here.request.query.get("since")
    if text is None:
        return found
    try:
        begin = datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        message = f"The parameter 'since' takes an ISO 8601 time, not {text!r}."
        raise Violation(message) from error
    return [c for c in found if int(c.history[-1].at) >= begin]


def _page(here: Visit, found: list[Comment]) -> web.Response:
    shown, headers = page_of(here.request, found)
    return web.json_response([comments.comment_shape(here, c) for c in shown], headers=headers)


def _on_comment(request: web.Request) -> tuple[Visit, Comment]:
    here = visit(request, *BOTH, level=Level.WRITE, open_to_all=True)
    comment = comments.comment_of(here, Place.ISSUE)
    issue = issue_of(here, int(comment.target), Level.WRITE)
    check_open(here, locked=issue.locked, subject="issue")
    return here, comment
