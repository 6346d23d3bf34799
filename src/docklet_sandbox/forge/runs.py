"""Routes for workflow runs, by which one can tell whether a job's runner is still there."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.commits import signature_shape
from docklet_sandbox.forge.git_objects import Commit
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.records import WorkflowRun
from docklet_sandbox.forge.repository_shape import brief_repository_shape
from docklet_sandbox.forge.shapes import (
    Shape,
    moment,
    node_id,
    page_url,
    repository_url,
    user_shape,
)
from docklet_sandbox.forge.tokens import Level, Permission
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_RUN = "/repos/{owner}/{repo}/actions/runs/{run_id}"
_URLS = ("jobs", "logs", "cancel", "rerun", "artifacts")
_ALL = "/repos/{owner}/{repo}/actions/runs"
_FILTERS = ("actor", "branch", "event", "head_sha")


@routes.get(_ALL)
async def list_runs(request: web.Request) -> web.Response:
    """List runs, newest first."""
    here = visit(request, Permission.ACTIONS)
    found = [run for run in reversed(here.repo.runs.values()) if _wanted(request, run)]
    shown, headers = page_of(request, found)
    shapes = [_shape(here, r, await here.repo.bare.commit(r.head_sha)) for r in shown]
    whole = {"total_count": len(found), "workflow_runs": shapes}
    return web.json_response(whole, headers=headers)


@routes.get(_RUN)
@routes.get(_RUN + "/attempts/{attempt_number}")
async def get_run(request: web.Request) -> web.Response:
    """Show a run."""
    here = visit(request, Permission.ACTIONS)
    run = _run(here)
    wanted = request.match_info.get("attempt_number")
    if wanted not in {None, str(run.attempt)}:
        raise errors.not_found()
    return web.json_response(_shape(here, run, await here.repo.bare.commit(run.head_sha)))


@routes.post(_RUN + "/cancel")
async def cancel(request: web.Request) -> web.Response:
    """Cancel a run that goes on."""
    here = visit(request, Permission.ACTIONS, level=Level.WRITE)
    run = _run(here)
    if run.status == "completed":
        raise errors.GitHubError(409, "Cannot cancel a workflow run that is completed.")
    changed = replace(run, status="completed", conclusion="cancelled")
    here.repo.runs[run.id] = changed
    return web.json_response({}, status=202)


def _run(here: Visit) -> WorkflowRun:
    run = here.repo.runs.get(here.number("run_id"))
    if run is None:
        raise errors.not_found()
    return run


def _wanted(request: web.Request, run: WorkflowRun) -> bool:
    """Apply the filters; a status may be asked for by a conclusion's name too."""
    known = (run.login, run.head_branch, run.event, run.head_sha)
    asked = [request.query.get(name) for name in _FILTERS]
    same = all(want in {None, have} for want, have in zip(asked, known, strict=True))
    return same and request.query.get("status") in {None, run.status, run.conclusion}


def _shape(here: Visit, run: WorkflowRun, commit: Commit | None) -> Shape:
    base = repository_url(here.forge, here.repo)
    url = f"{base}/actions/runs/{run.id}"
    repository = brief_repository_shape(here.forge, here.repo)
    return {
        "id": run.id,
        "node_id": node_id("WorkflowRun", run.id),
        "name": run.name,
        "display_title": run.name,
        "path": ".github/workflows/docklet.yml",
        "event": run.event,
        "run_number": 1,
        "run_attempt": run.attempt,
        "workflow_id": run.id,
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "head_commit": None if commit is None else _commit_shape(commit),
        "status": run.status,
        "conclusion": run.conclusion,
        "url": url,
        "html_url": f"{page_url(here.forge, here.repo)}/actions/runs/{run.id}",
        **{f"{name}_url": f"{url}/{name}" for name in _URLS},
        "check_suite_url": f"{base}/check-suites/{run.id}",
        "workflow_url": f"{base}/actions/workflows/{run.id}",
        "created_at": moment(run.created),
        "updated_at": moment(run.created),
        "run_started_at": moment(run.created),
        "actor": user_shape(here.forge, run.login),
        "triggering_actor": user_shape(here.forge, run.login),
        "repository": repository,
        "head_repository": repository,
        "pull_requests": [],
    }


def _commit_shape(commit: Commit) -> Shape:
    author, committer = signature_shape(commit.author), signature_shape(commit.committer)
    when = committer.pop("date")
    author.pop("date")
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": when,
        "author": author,
        "committer": committer,
    }
