"""Routes that make git objects which no ref has yet: trees of whole files, and commits.

Of what a tree may be made of, files with their content are known; everything else is refused.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.commits import written_shape
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.fields import fields
from docklet_sandbox.forge.git_objects import read_entry
from docklet_sandbox.forge.shapes import Shape, repository_url
from docklet_sandbox.forge.tokens import Level, Permission
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_GIT = "/repos/{owner}/{repo}/git"
_BOT = ("-c", "user.name=GitHub", "-c", "user.email=noreply@github.com")


@routes.post(_GIT + "/trees")
async def create_tree(request: web.Request) -> web.Response:
    """Make a tree of files that are given with their content."""
    here = visit(request, Permission.CONTENTS, level=Level.WRITE)
    body = await fields(request, {"tree": list})
    lines = [await _line(here, entry) for entry in body["tree"]]
    sha = (await here.repo.bare.git("mktree", given="".join(lines).encode())).decode().strip()
    shape = await _tree_shape(here, sha)
    return web.json_response(shape, status=201, headers={"Location": shape["url"]})


@routes.post(_GIT + "/commits")
async def create_commit(request: web.Request) -> web.Response:
    """Make a commit of a tree that is there, on top of commits that are."""
    here = visit(request, Permission.CONTENTS, level=Level.WRITE)
    body = await fields(request, {"message": str, "tree": str}, {"parents": list})
    if await here.repo.bare.asks("cat-file", "-e", f"{body['tree']}^{{tree}}") is None:
        raise GitHubError(422, "Tree SHA does not exist")
    parents = body.get("parents") or []
    for parent in parents:
        if await here.repo.bare.asks("cat-file", "-e", f"{parent}^{{commit}}") is None:
            raise GitHubError(422, "Parent SHA does not exist or is not a commit object")
    words = [word for parent in parents for word in ("-p", parent)]
    made = await here.repo.bare.git(
        *_BOT, "commit-tree", body["tree"], *words, given=body["message"].encode()
    )
    commit = await here.repo.bare.commit(made.decode().strip())
    if commit is None:
        raise errors.not_found()
    shape = written_shape(here, commit)
    return web.json_response(shape, status=201, headers={"Location": shape["url"]})


async def _line(here: Visit, entry: dict[str, Any]) -> str:
    """Store a file and return its line for `git mktree`."""
    if entry.get("type") != "blob" or not isinstance(entry.get("content"), str):
        raise GitHubError(422, "Must supply a valid tree.sha or tree.content")
    if "/" in str(entry["path"]):
        raise GitHubError(422, "tree.path contains a malformed path component")
    given = entry["content"].encode()
    sha = await here.repo.bare.git("hash-object", "-w", "--stdin", given=given)
    return f"{entry['mode']} blob {sha.decode().strip()}\t{entry['path']}\n"


async def _tree_shape(here: Visit, sha: str) -> Shape:
    """Show a tree."""
    url = f"{repository_url(here.forge, here.repo)}/git"
    out = await here.repo.bare.git("ls-tree", "-z", "--long", sha)
    entries = [read_entry(line) for line in out.decode().split("\0") if line]
    return {
        "sha": sha,
        "url": f"{url}/trees/{sha}",
        "truncated": False,
        "tree": [
            {
                "path": one.path,
                "mode": one.mode,
                "type": "blob",
                "size": one.size,
                "sha": one.sha,
                "url": f"{url}/blobs/{one.sha}",
            }
            for one in entries
        ],
    }
