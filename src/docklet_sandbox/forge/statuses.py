"""Routes for commit statuses.

The newest status of a context counts; the combined state is the worst of them.
"""

from __future__ import annotations

import re

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.fields import fields
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.records import Status
from docklet_sandbox.forge.repository_shape import brief_repository_shape
from docklet_sandbox.forge.shapes import Shape, moment, node_id, repository_url, user_shape
from docklet_sandbox.forge.texts import checked_field
from docklet_sandbox.forge.tokens import Level, Permission
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_REPO = "/repos/{owner}/{repo}"
_STATES = ("error", "failure", "pending", "success")
_LENGTHS = {"description": 140, "context": 255, "target_url": 1024}
_MOST = 1000
"""Statuses for one commit in one context."""
_SHA = re.compile(r"[0-9a-fA-F]{40}")
_RESOURCE = "Status"


@routes.post(_REPO + "/statuses/{sha}")
async def create(request: web.Request) -> web.Response:
    """Set a commit's status in a context."""
    here = visit(request, Permission.STATUSES, level=Level.WRITE)
    optional = {"target_url": str, "description": str, "context": str}
    body = await fields(request, {"state": str}, optional)
    if not _SHA.fullmatch(here.word("sha")):
        raise errors.invalid(_RESOURCE, "sha", message="sha must be a 40 character SHA1")
    commit = await here.commit(here.word("sha"))
    status = Status(
        id=here.forge.new_id(),
        sha=commit.sha,
        state=body["state"],
        context=body.get("context") or "default",
        description=body.get("description"),
        target_url=body.get("target_url"),
        login=here.login,
        created=here.forge.now(),
    )
    _check(status)
    _check_count(here, status)
    here.repo.statuses.append(status)
    shape = {**_shape(here, status), "creator": user_shape(here.forge, status.login)}
    return web.json_response(shape, status=201, headers={"Location": shape["url"]})


@routes.get(_REPO + "/commits/{ref:.+}/statuses")
@routes.get(_REPO + "/statuses/{ref}")  # an old address that PyGithub still uses
async def list_statuses(request: web.Request) -> web.Response:
    """List a commit's statuses, newest first."""
    here = visit(request, Permission.STATUSES)
    sha = (await here.commit(here.word("ref"))).sha
    found = [s for s in reversed(here.repo.statuses) if s.sha == sha]
    shown, headers = page_of(request, found)
    shapes = [{**_shape(here, s), "creator": user_shape(here.forge, s.login)} for s in shown]
    return web.json_response(shapes, headers=headers)


@routes.get(_REPO + "/commits/{ref:.+}/status")
async def combined(request: web.Request) -> web.Response:
    """Show what a commit's statuses amount to."""
    here = visit(request, Permission.STATUSES)
    sha = (await here.commit(here.word("ref"))).sha
    newest = {s.context: s for s in here.repo.statuses if s.sha == sha}
    shown, headers = page_of(request, list(newest.values()))
    url = f"{repository_url(here.forge, here.repo)}/commits/{sha}"
    shape = {
        "state": _combined({s.state for s in newest.values()}),
        "statuses": [_shape(here, s) for s in shown],
        "sha": sha,
        "total_count": len(newest),
        "repository": brief_repository_shape(here.forge, here.repo),
        "commit_url": url,
        "url": f"{url}/status",
    }
    return web.json_response(shape, headers=headers)


def _check(status: Status) -> None:
    if status.state not in _STATES:
        raise errors.invalid(_RESOURCE, "state")
    if status.target_url and not status.target_url.startswith(("http://", "https://")):
        raise errors.invalid(_RESOURCE, "target_url", message="target_url must use http(s) scheme")
    for field, most in _LENGTHS.items():
        checked_field(_RESOURCE, field, getattr(status, field), most)


def _check_count(here: Visit, status: Status) -> None:
    known = ((s.sha, s.context) for s in here.repo.statuses)
    if sum(one == (status.sha, status.context) for one in known) >= _MOST:
        message = "This SHA and context has reached the maximum number of statuses."
        raise errors.invalid(_RESOURCE, "", message=message)


def _combined(states: set[str]) -> str:
    if states & {"error", "failure"}:
        return "failure"
    return "success" if states == {"success"} else "pending"


def _shape(here: Visit, status: Status) -> Shape:
    return {
        "id": status.id,
        "node_id": node_id("StatusContext", status.id),
        "url": f"{repository_url(here.forge, here.repo)}/statuses/{status.sha}",
        "avatar_url": user_shape(here.forge, status.login)["avatar_url"],
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": moment(status.created),
        "updated_at": moment(status.created),
    }
