"""Routes for issues.

They list and change pull requests' conversations too, as GitHub's do.
"""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.conversation import BOTH, check_enabled, issue_of
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.fields import choice, fields
from docklet_sandbox.forge.issue_shape import issue_shape
from docklet_sandbox.forge.model import Issue
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.texts import checked_text, checked_title
from docklet_sandbox.forge.tokens import Level, Permission, TokenKind
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_ISSUES = "/repos/{owner}/{repo}/issues"
_ISSUE = _ISSUES + "/{issue_number}"
_STATES = ("open", "closed")
_REASONS = ("off-topic", "too heated", "resolved", "spam")
_RESOURCE = "Issue"


@routes.post(_ISSUES)
async def create(request: web.Request) -> web.Response:
    """Open an issue."""
    here = visit(request, Permission.ISSUES, level=Level.WRITE, open_to_all=True)
    check_enabled(here)
    optional = {"title": str, "body": str, "labels": list, "assignees": list}
    body = await fields(request, {}, optional)
    issue = open_issue(here, checked_title(_RESOURCE, body.get("title")), body.get("body"))
    shape = issue_shape(here, issue)
    return web.json_response(shape, status=201, headers={"Location": shape["url"]})


@routes.get(_ISSUES)
async def list_issues(request: web.Request) -> web.Response:
    """List issues and pull requests, newest first; the open ones, unless others are asked for."""
    here = visit(request, *BOTH)
    state = choice(request, "state", (*_STATES, "all"))
    reverse = choice(request, "direction", ("desc", "asc")) == "desc"
    found = [i for i in here.repo.issues.values() if state in {"all", i.state} and not i.deleted]
    shown, headers = page_of(request, sorted(found, key=lambda i: i.number, reverse=reverse))
    return web.json_response([issue_shape(here, i) for i in shown], headers=headers)


@routes.get(_ISSUE)
async def get_issue(request: web.Request) -> web.Response:
    """Show an issue, or a pull request as one."""
    here = visit(request, *BOTH)
    return web.json_response(issue_shape(here, issue_of(here, here.number("issue_number"))))


@routes.patch(_ISSUE)
async def edit_issue(request: web.Request) -> web.Response:
    """Change an issue's title, text or state."""
    here = visit(request, *BOTH, level=Level.WRITE, open_to_all=True)
    issue = issue_of(here, here.number("issue_number"), Level.WRITE)
    _check_author(here, issue)
    body = await fields(request, {}, {"title": str, "body": str, "state": str})
    said = {key: value for key, value in body.items() if value is not None}
    if said.get("state", "open") not in _STATES:
        raise errors.invalid(_RESOURCE, "state")
    if "title" in said:
        checked_title(_RESOURCE, said["title"])
    checked_text(_RESOURCE, said.get("body"))
    changed = replace(issue, **said, updated=here.forge.now())
    here.repo.issues[issue.number] = changed
    return web.json_response(issue_shape(here, changed))


@routes.put(_ISSUE + "/lock")
async def lock(request: web.Request) -> web.Response:
    """Close a conversation to those who can't write to the repository."""
    here = visit(request, *BOTH, level=Level.WRITE)
    issue = issue_of(here, here.number("issue_number"), Level.WRITE)
    body = await fields(request, {}, {"lock_reason": str}) if await request.text() else {}
    reason = body.get("lock_reason")
    if reason not in {None, *_REASONS}:
        raise errors.invalid(_RESOURCE, "lock_reason")
    here.repo.issues[issue.number] = replace(issue, locked=True, lock_reason=reason)
    return web.Response(status=204)


@routes.delete(_ISSUE + "/lock")
async def unlock(request: web.Request) -> web.Response:
    """Open a conversation to everybody again."""
    here = visit(request, *BOTH, level=Level.WRITE)
    issue = issue_of(here, here.number("issue_number"), Level.WRITE)
    here.repo.issues[issue.number] = replace(issue, locked=False, lock_reason=None)
    return web.Response(status=204)


def open_issue(here: Visit, title: str, body: str | None) -> Issue:
    """Open an issue, or a pull request's conversation."""
    number, now = here.repo.next_number(), here.forge.now()
    issue = Issue(
        id=here.forge.new_id(),
        number=number,
        title=title,
        body=checked_text(_RESOURCE, body),
        login=here.login,
        created=now,
        updated=now,
    )
    here.repo.issues[number] = issue
    return issue


def _check_author(here: Visit, issue: Issue) -> None:
    """Let an issue be changed by its author and by those who may triage."""
    token = here.token
    by_other = token is not None and token.kind is not TokenKind.APP and issue.login != token.login
    if by_other and not here.repo.role(here.login).may_triage:
        raise GitHubError(403, "Must have admin rights to Repository.")
