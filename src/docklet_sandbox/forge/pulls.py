"""Routes for pull requests.

Their conversation is the issue of the same number; a head may lie in a fork.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.fields import choice, fields
from docklet_sandbox.forge.issues import open_issue
from docklet_sandbox.forge.model import Pull, Repository
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.pull_shape import brief_pull_shape, pull_shape
from docklet_sandbox.forge.texts import checked_text, checked_title
from docklet_sandbox.forge.tokens import Level, Permission, TokenKind
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_PULLS = "/repos/{owner}/{repo}/pulls"
_PULL = _PULLS + "/{pull_number}"
_RESOURCE = "PullRequest"


@routes.post(_PULLS)
async def create(request: web.Request) -> web.Response:
    """Open a pull request."""
    here = visit(request, Permission.PULL_REQUESTS, level=Level.WRITE)
    _check_setting(here)
    optional = {"title": str, "body": str, "draft": bool, "maintainer_can_modify": bool}
    body = await fields(request, {"head": str, "base": str}, optional)
    checked_title(_RESOURCE, body.get("title"))
    checked_text("Issue", body.get("body"))
    pull = await open_pull(here, body)
    shape = await pull_shape(here, pull)
    return web.json_response(shape, status=201, headers={"Location": shape["url"]})


@routes.get(_PULLS)
async def list_pulls(request: web.Request) -> web.Response:
    """List pull requests, newest first; the open ones, unless another state is asked for."""
    here = visit(request, Permission.PULL_REQUESTS)
    state = choice(request, "state", ("open", "closed", "all"))
    found = [p for p in here.repo.pulls.values() if _wanted(here, p, state)]
    by_time = choice(request, "sort", ("created", "updated", "popularity", "long-running"))
    words = ("desc", "asc") if by_time == "created" else ("asc", "desc")
    reverse = choice(request, "direction", words) == "desc"
    found.sort(key=lambda p: p.number, reverse=reverse)
    shown, headers = page_of(request, found)
    return web.json_response([await brief_pull_shape(here, p) for p in shown], headers=headers)


@routes.get(_PULL)
async def get(request: web.Request) -> web.Response:
    """Show a pull request."""
    here = visit(request, Permission.PULL_REQUESTS)
    return web.json_response(await pull_shape(here, _pull(here)))


@routes.patch(_PULL)
async def edit(request: web.Request) -> web.Response:
    """Change a pull request's title, text, state or base."""
    here = visit(request, Permission.PULL_REQUESTS, level=Level.WRITE)
    words = {"title": str, "body": str, "state": str, "base": str, "maintainer_can_modify": bool}
    body = await fields(request, {}, words)
    pull = _pull(here)
    issue = here.repo.issues[pull.number]
    if (body.get("state") or "open") not in {"open", "closed"}:
        raise errors.invalid(_RESOURCE, "state")
    checked_text("Issue", body.get("body"))
    checked_title(_RESOURCE, body.get("title") or issue.title)
    if base := body.get("base"):
        await _branch(here.repo, base, "base")
        here.repo.pulls[pull.number] = replace(pull, base=base)
    said = {k: body[k] for k in ("title", "body", "state") if body.get(k) is not None}
    here.repo.issues[issue.number] = replace(issue, **said, updated=here.forge.now())
    return web.json_response(await pull_shape(here, _pull(here)))


@routes.get("/repos/{owner}/{repo}/commits/{commit_sha}/pulls")
async def list_for_commit(request: web.Request) -> web.Response:
    """List the open pull requests that a commit belongs to."""
    here = visit(request, Permission.PULL_REQUESTS)
    sha = (await here.commit(here.word("commit_sha"))).sha
    found = [p for p in here.repo.pulls.values() if await _contains(here, p, sha)]
    shown, headers = page_of(request, found)
    return web.json_response([await brief_pull_shape(here, p) for p in shown], headers=headers)


async def open_pull(here: Visit, body: dict[str, Any]) -> Pull:
    """Open a pull request if there is something to pull and no other asks for it."""
    source, head = _head(here, body["head"])
    base_sha = await _branch(here.repo, body["base"], "base")
    head_sha = await _branch(source, head, "head")
    if any(_same(here, p, source, head, body["base"]) for p in here.repo.pulls.values()):
        message = f"A pull request already exists for {source.owner}:{head}."
        raise errors.invalid(_RESOURCE, "", message=message)
    if source is not here.repo:
        await here.repo.bare.git("fetch", "--quiet", str(source.bare.path), head_sha)
    if not await here.repo.bare.git("rev-list", "-1", head_sha, f"^{base_sha}"):
        message = f"No commits between {body['base']} and {head}"
        raise errors.invalid(_RESOURCE, "", message=message)
    return await _record(here, body, source, head, head_sha)


async def _record(
    here: Visit, body: dict[str, Any], source: Repository, head: str, head_sha: str
) -> Pull:
    number = open_issue(here, body["title"], body.get("body")).number
    here.repo.pulls[number] = pull = Pull(
        id=here.forge.new_id(),
        number=number,
        head_repository=source.full_name,
        head=head,
        head_sha=head_sha,
        base=body["base"],
        draft=bool(body.get("draft")),
    )
    await here.repo.bare.point(f"refs/pull/{number}/head", head_sha)
    return pull


def _check_setting(here: Visit) -> None:
    by_app = here.token is not None and here.token.kind is TokenKind.APP
    if by_app and not here.repo.actions_may_open_pulls:
        message = "GitHub Actions is not permitted to create or approve pull requests."
        raise GitHubError(403, message)


def _head(here: Visit, text: str) -> tuple[Repository, str]:
    """Read `branch` or `owner:branch`, which may be that owner's fork."""
    owner, colon, branch = text.rpartition(":")
    if not colon or owner.lower() == here.repo.owner.lower():
        return here.repo, branch
    for repo in here.forge.repositories.values():
        if repo.owner.lower() == owner.lower() and repo.parent == here.repo.full_name.lower():
            return repo, branch
    raise errors.invalid(_RESOURCE, "head")


async def _branch(repo: Repository, branch: str, field: str) -> str:
    sha = await repo.bare.head(branch)
    if sha is None:
        raise errors.invalid(_RESOURCE, field)
    return sha


def _pull(here: Visit) -> Pull:
    pull = here.repo.pulls.get(here.number("pull_number"))
    if pull is None:
        raise errors.not_found()
    return pull


def _same(here: Visit, pull: Pull, source: Repository, head: str, base: str) -> bool:
    is_open = here.repo.issues[pull.number].state == "open"
    known = (pull.head_repository, pull.head, pull.base)
    return is_open and known == (source.full_name, head, base)


def _wanted(here: Visit, pull: Pull, state: str) -> bool:
    query = here.request.query
    label = f"{pull.head_repository.split('/')[0]}:{pull.head}"
    return (
        state in {"all", here.repo.issues[pull.number].state}
        and query.get("head", label).lower() == label.lower()
        and query.get("base", pull.base) == pull.base
    )


async def _contains(here: Visit, pull: Pull, sha: str) -> bool:
    base = await here.repo.bare.head(pull.base) or pull.head_sha
    own = await here.repo.bare.git("rev-list", pull.head_sha, f"^{base}")
    return sha in own.decode().split()
