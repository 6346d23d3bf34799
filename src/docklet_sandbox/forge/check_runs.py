"""Routes for check runs, which only Apps may write: a workflow's token is one's.

What GitHub documents as limits of annotations is kept here, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.check_shape import annotation_shape, check_shape
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.fields import choice, fields
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.records import CheckRun
from docklet_sandbox.forge.shapes import moment
from docklet_sandbox.forge.texts import checked_field
from docklet_sandbox.forge.tokens import Level, Permission, TokenKind
from docklet_sandbox.forge.visit import Visit, visit
from docklet_sandbox.journal import Violation

routes = web.RouteTableDef()
_ALL = "/repos/{owner}/{repo}/check-runs"
_ONE = _ALL + "/{check_run_id}"
_RESOURCE = "CheckRun"
_WORDS = {
    **dict.fromkeys(("details_url", "external_id", "status", "started_at"), str),
    **dict.fromkeys(("conclusion", "completed_at"), str),
    "output": dict,
    "actions": list,
}
_NEEDED = {"path": str, "start_line": int, "end_line": int, "message": str}
_LEVELS = ("notice", "warning", "failure")
_MOST = 50
"""Annotations in one request."""
_LONGEST: Mapping[str, int] = {"title": 255, "message": 64 * 1024, "raw_details": 64 * 1024}
_LONGEST_OUTPUT = 65_535


@routes.post(_ALL)
async def create(request: web.Request) -> web.Response:
    """Begin a check run, or add one that is over."""
    here = _writer(request)
    body = await fields(request, {"name": str, "head_sha": str}, _WORDS)
    commit = await here.commit(body["head_sha"])
    number = here.forge.new_id()
    blank = CheckRun(id=number, sha=commit.sha, name=body["name"], login=here.login)
    check = _changed(here, replace(blank, started=moment(here.forge.now())), body)
    here.repo.checks[number] = check
    shape = check_shape(here, check)
    return web.json_response(shape, status=201, headers={"Location": shape["url"]})


@routes.patch(_ONE)
async def edit(request: web.Request) -> web.Response:
    """Change a check run; annotations are added to those that it has."""
    here = _writer(request)
    body = await fields(request, {}, {"name": str, **_WORDS})
    check = _changed(here, _check(here), body)
    here.repo.checks[check.id] = check
    return web.json_response(check_shape(here, check))


@routes.get(_ONE)
async def get(request: web.Request) -> web.Response:
    """Show a check run."""
    here = visit(request, Permission.CHECKS)
    return web.json_response(check_shape(here, _check(here)))


@routes.get(_ONE + "/annotations")
async def list_annotations(request: web.Request) -> web.Response:
    """List a check run's annotations."""
    here = visit(request, Permission.CHECKS)
    check = _check(here)
    shown, headers = page_of(request, check.annotations)
    return web.json_response([annotation_shape(here, check, a) for a in shown], headers=headers)


@routes.get("/repos/{owner}/{repo}/commits/{ref:.+}/check-runs")
async def list_for_commit(request: web.Request) -> web.Response:
    """List a commit's check runs: the latest of each name, or all."""
    here = visit(request, Permission.CHECKS)
    sha = (await here.commit(here.word("ref"))).sha
    found = [c for c in here.repo.checks.values() if c.sha == sha and _wanted(request, c)]
    if choice(request, "filter", ("latest", "all")) == "latest":
        found = list({c.name: c for c in found}.values())
    shown, headers = page_of(request, found)
    whole = {"total_count": len(found), "check_runs": [check_shape(here, c) for c in shown]}
    return web.json_response(whole, headers=headers)


def _writer(request: web.Request) -> Visit:
    """Let in who may write check runs; a person's token may not, whatever it was granted."""
    here = visit(request, Permission.CHECKS, level=Level.WRITE)
    if here.token is None or here.token.kind is not TokenKind.APP:
        raise GitHubError(403, "You must authenticate via a GitHub App.")
    return here


def _check(here: Visit) -> CheckRun:
    check = here.repo.checks.get(here.number("check_run_id"))
    if check is None:
        raise errors.not_found()
    return check


def _wanted(request: web.Request, check: CheckRun) -> bool:
    """Apply the filters."""
    asked = [request.query.get(name) for name in ("check_name", "status")]
    return all(a in {None, b} for a, b in zip(asked, (check.name, check.status), strict=True))


def _changed(here: Visit, check: CheckRun, body: Mapping[str, Any]) -> CheckRun:
    """Return a check run with what a request says of it; a conclusion completes it."""
    said = {name: body[name] for name in body.keys() & {"name", "details_url", "external_id"}}
    output = dict(body.get("output") or {})
    added = tuple(output.pop("annotations", ()))
    _check_output(output, added)
    conclusion = body.get("conclusion") or check.conclusion
    status = "completed" if conclusion else body.get("status") or check.status
    if status == "completed" and not conclusion:
        raise errors.invalid(_RESOURCE, "conclusion", code="missing_field")
    over = moment(here.forge.now()) if conclusion else None
    return replace(
        check,
        **said,
        status=status,
        conclusion=conclusion,
        started=body.get("started_at") or check.started,
        completed=body.get("completed_at") or check.completed or over,
        output={**check.output, **output},
        annotations=(*check.annotations, *added),
    )


def _check_output(output: Mapping[str, Any], added: tuple[Any, ...]) -> None:
    """Refuse an output that lacks a title or a summary, or is too long."""
    if (output or added) and not (output.get("title") and output.get("summary")):
        raise errors.invalid(_RESOURCE, "output", code="missing_field")
    for name in ("summary", "text"):
        checked_field(_RESOURCE, name, output.get(name), _LONGEST_OUTPUT)
    if len(added) > _MOST:
        message = f"annotations exceeds the maximum quantity of {_MOST}"
        raise errors.invalid(_RESOURCE, "annotations", message=message)
    for one in added:
        _check_annotation(one)


def _check_annotation(one: Mapping[str, Any]) -> None:
    """Refuse an annotation that GitHub would not show; a path from outside is a violation."""
    for name, kind in _NEEDED.items():
        if not isinstance(one.get(name), kind) or not one[name]:
            raise errors.invalid(_RESOURCE, f"annotations.{name}")
    if one.get("annotation_level") not in _LEVELS or one["end_line"] < one["start_line"]:
        raise errors.invalid(_RESOURCE, "annotations")
    for name, most in _LONGEST.items():
        checked_field(_RESOURCE, name, one.get(name), most)
    if one["path"].startswith(("/", "./")) or ".." in one["path"].split("/"):
        message = f"The annotation's path {one['path']!r} is not one of the repository."
        raise Violation(message)
