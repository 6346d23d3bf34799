"""Routes for commits and branches.

Refs may have slashes in them, so their routes come after those that end in a fixed word.
"""

from __future__ import annotations

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.diffs import FILES, differences, file_shape, stats_shape
from docklet_sandbox.forge.git_objects import Commit, Signature
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.shapes import (
    Shape,
    moment,
    node_id,
    page_url,
    repository_url,
    user_shape,
)
from docklet_sandbox.forge.tokens import Permission
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_REPO = "/repos/{owner}/{repo}"
_SHA_TYPE = "application/vnd.github.sha"


@routes.get(_REPO + "/branches")
async def list_branches(request: web.Request) -> web.Response:
    """List branches."""
    here = visit(request, Permission.CONTENTS)
    heads = await here.repo.bare.refs("refs/heads")
    shown, headers = page_of(request, sorted(heads.items()))
    shapes = [_brief_branch(here, ref.removeprefix("refs/heads/"), sha) for ref, sha in shown]
    return web.json_response(shapes, headers=headers)


@routes.get(_REPO + "/branches/{branch:.+}")
async def get_branch(request: web.Request) -> web.Response:
    """Show a branch with its newest commit."""
    here = visit(request, Permission.CONTENTS)
    name = here.word("branch")
    commit = await here.repo.bare.commit(f"refs/heads/{name}")
    if commit is None:
        raise errors.GitHubError(404, "Branch not found")
    url = f"{repository_url(here.forge, here.repo)}/branches/{name}"
    shape = {
        **_brief_branch(here, name, commit.sha),
        "commit": commit_shape(here, commit),
        "_links": {"self": url, "html": f"{page_url(here.forge, here.repo)}/tree/{name}"},
        "protection": {"enabled": _guarded(here, name)},
        "protection_url": f"{url}/protection",
    }
    return web.json_response(shape)


@routes.get(_REPO + "/commits/{ref:.+}")
async def get_commit(request: web.Request) -> web.Response:
    """Show a commit with what it changes, or only its SHA where that is accepted."""
    here = visit(request, Permission.CONTENTS)
    commit = await here.commit(here.word("ref"))
    if request.headers.get("Accept", "").startswith(_SHA_TYPE):
        return web.Response(text=commit.sha, content_type=_SHA_TYPE)
    found = await differences(here.repo.bare, commit)
    shown, headers = page_of(request, found, FILES)
    files = [file_shape(here, commit, one) for one in shown]
    shape = {**commit_shape(here, commit), "stats": stats_shape(found), "files": files}
    return web.json_response(shape, headers=headers)


def commit_shape(here: Visit, commit: Commit) -> Shape:
    """Show a commit with its authors' accounts, where their addresses are known."""
    url = repository_url(here.forge, here.repo)
    page = page_url(here.forge, here.repo)
    written = sum(c.target == commit.sha and not c.deleted for c in here.repo.comments.values())
    return {
        "sha": commit.sha,
        "node_id": node_id("Commit", commit.sha),
        "commit": {
            "author": signature_shape(commit.author),
            "committer": signature_shape(commit.committer),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
            "url": f"{url}/git/commits/{commit.sha}",
            "comment_count": written,
        },
        "url": f"{url}/commits/{commit.sha}",
        "html_url": f"{page}/commit/{commit.sha}",
        "comments_url": f"{url}/commits/{commit.sha}/comments",
        "author": _account(here, commit.author),
        "committer": _account(here, commit.committer),
        "parents": [
            {"sha": p, "url": f"{url}/commits/{p}", "html_url": f"{page}/commit/{p}"}
            for p in commit.parents
        ],
    }


def written_shape(here: Visit, commit: Commit) -> Shape:
    """Show a commit that a request made."""
    whole = commit_shape(here, commit)
    inner = whole["commit"]
    names = ("sha", "node_id", "html_url", "parents")
    said = {name: inner[name] for name in ("url", "author", "committer", "message", "tree")}
    verdict = {"verified": False, "reason": "unsigned", "signature": None, "payload": None}
    return {
        **{name: whole[name] for name in names},
        **said,
        "verification": {**verdict, "verified_at": None},
    }


def signature_shape(signature: Signature) -> Shape:
    """Show who made a commit, and when."""
    return {"name": signature.name, "email": signature.email, "date": moment(signature.at)}


def _account(here: Visit, signature: Signature) -> Shape | None:
    people = (u for u in here.forge.users.values() if u.email == signature.email)
    person = next(people, None)
    return None if person is None else user_shape(here.forge, person.login)


def _brief_branch(here: Visit, name: str, sha: str) -> Shape:
    url = f"{repository_url(here.forge, here.repo)}/commits/{sha}"
    return {"name": name, "commit": {"sha": sha, "url": url}, "protected": _guarded(here, name)}


def _guarded(here: Visit, branch: str) -> bool:
    return any(rule.matches(branch) for rule in here.repo.rules)
