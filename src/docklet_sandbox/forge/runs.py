"""Routes for workflow runs, by which one can tell whether a job's runner is still there."""

from __future__ import annotations

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.bare import Commit
from docklet_sandbox.forge.commits import signature_shape
from docklet_sandbox.forge.model import WorkflowRun
from docklet_sandbox.forge.shapes import (
    Shape,
    brief_repository_shape,
    moment,
    node_id,
    page_url,
    repository_url,
    user_shape,
)
from docklet_sandbox.forge.tokens import Permission
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_RUN = "/repos/{owner}/{repo}/actions/runs/{run_id}"
_URLS = ("jobs", "logs", "cancel", "rerun", "artifacts")


@routes.get(_RUN)
@routes.get(_RUN + "/attempts/{attempt_number}")
async def get_run(request: web.Request) -> web.Response:
    """Show a run."""
    here = visit(request, Permission.ACTIONS)
    run = here.repo.runs.get(here.number("run_id"))
    wanted = request.match_info.get("attempt_number")
    if run is None or wanted not in {None, str(run.attempt)}:
        raise errors.not_found()
    return web.json_response(_shape(here, run, await here.repo.bare.commit(run.head_sha)))


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
