"""Routes for issues' conversations, which pull requests have too.

A token needs the grant for issues, or for pull requests where the number is one's.
"""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from docklet_sandbox.forge import comments, errors
from docklet_sandbox.forge.model import Comment, Issue, Place
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.shapes import (
    Shape,
    moment,
    node_id,
    page_url,
    repository_url,
    user_shape,
)
from docklet_sandbox.forge.tokens import Level, Permission
from docklet_sandbox.forge.visit import Visit, fields, visit

routes = web.RouteTableDef()
_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}"
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"
_BOTH = (Permission.ISSUES, Permission.PULL_REQUESTS)


@routes.get(_COMMENT)
async def get_comment(request: web.Request) -> web.Response:
    """Show a comment."""
    here = visit(request, *_BOTH)
    return web.json_response(comments.comment_shape(here, comments.comment_of(here, Place.ISSUE)))


@routes.patch(_COMMENT)
async def edit_comment(request: web.Request) -> web.Response:
    """Give a comment another text."""
    here, comment = _on_comment(request)
    body = await fields(request, {"body": str})
    changed = comments.edit(here, comment, body["body"])
    return web.json_response(comments.comment_shape(here, changed))


@routes.delete(_COMMENT)
async def delete_comment(request: web.Request) -> web.Response:
    """Delete a comment."""
    return comments.delete(*_on_comment(request))


@routes.get(_ISSUE)
async def get_issue(request: web.Request) -> web.Response:
    """Show an issue, or a pull request as one."""
    here = visit(request, *_BOTH)
    return web.json_response(issue_shape(here, issue_of(here, "issue_number")))


@routes.post(_ISSUE + "/comments")
async def create_comment(request: web.Request) -> web.Response:
    """Comment on an issue or pull request."""
    here = visit(request, *_BOTH, level=Level.WRITE, open_to_all=True)
    issue = issue_of(here, "issue_number")
    _check_grant(here, issue.number)
    if issue.locked and not here.repo.role(here.login).may_write:
        raise errors.GitHubError(403, "Unable to create comment because issue is locked.")
    body = await fields(request, {"body": str})
    comment = comments.write(here, Place.ISSUE, str(issue.number), body["body"])
    shape = comments.comment_shape(here, comment)
    return web.json_response(shape, status=201, headers={"Location": shape["url"]})


@routes.get(_ISSUE + "/comments")
async def list_comments(request: web.Request) -> web.Response:
    """List the comments on an issue or pull request."""
    here = visit(request, *_BOTH)
    number = issue_of(here, "issue_number").number
    shown, headers = page_of(request, comments.comments_on(here, Place.ISSUE, str(number)))
    return web.json_response([comments.comment_shape(here, c) for c in shown], headers=headers)


@routes.put(_ISSUE + "/lock")
@routes.delete(_ISSUE + "/lock")
async def lock(request: web.Request) -> web.Response:
    """Close a conversation to those who can't write to the repository, or open it again."""
    here = visit(request, *_BOTH, level=Level.WRITE)
    issue = issue_of(here, "issue_number")
    here.repo.issues[issue.number] = replace(issue, locked=request.method == "PUT")
    return web.Response(status=204)


def issue_of(here: Visit, word: str) -> Issue:
    """Return the issue whose number is in the path."""
    issue = here.repo.issues.get(here.number(word))
    if issue is None:
        raise errors.not_found()
    return issue


def issue_shape(here: Visit, issue: Issue) -> Shape:
    """Show an issue."""
    base = repository_url(here.forge, here.repo)
    url = f"{base}/issues/{issue.number}"
    pull = issue.number in here.repo.pulls
    page = f"{page_url(here.forge, here.repo)}/{'pull' if pull else 'issues'}/{issue.number}"
    shape = {
        "id": issue.id,
        "node_id": node_id("Issue", issue.id),
        "url": url,
        "repository_url": base,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": page,
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "user": user_shape(here.forge, issue.login),
        "author_association": comments.association(here, issue.login),
        "labels": [],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "state": issue.state,
        "state_reason": None,
        "locked": issue.locked,
        "comments": len(comments.comments_on(here, Place.ISSUE, str(issue.number))),
        "created_at": moment(issue.created),
        "updated_at": moment(issue.updated),
        "closed_at": moment(issue.updated) if issue.state == "closed" else None,
    }
    if pull:
        shape["pull_request"] = {
            "url": f"{base}/pulls/{issue.number}",
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
        }
    return shape


def _on_comment(request: web.Request) -> tuple[Visit, Comment]:
    here = visit(request, *_BOTH, level=Level.WRITE, open_to_all=True)
    comment = comments.comment_of(here, Place.ISSUE)
    _check_grant(here, int(comment.target))
    return here, comment


def _check_grant(here: Visit, number: int) -> None:
    """Refuse a token that was granted pull requests only where the number is an issue's."""
    grants = _BOTH if number in here.repo.pulls else (Permission.ISSUES,)
    if here.token and not any(here.token.covers(g, Level.WRITE) for g in grants):
        raise errors.inaccessible(here.token)
