"""Routes for refs, which are guarded as in a push: branches may be protected or ruled.

Refs may have slashes in them, so these routes come after those that end in a fixed word.
"""

from __future__ import annotations

from aiohttp import web

from docklet_sandbox.forge import errors, moves
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.fields import fields
from docklet_sandbox.forge.shapes import Shape, node_id, repository_url
from docklet_sandbox.forge.tokens import Level, Permission
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_GIT = "/repos/{owner}/{repo}/git"


@routes.get(_GIT + "/ref/{ref:.+}")
async def get(request: web.Request) -> web.Response:
    """Show what a ref (`heads/main`) points to."""
    here = visit(request, Permission.CONTENTS)
    name = f"refs/{here.word('ref')}"
    sha = (await here.repo.bare.refs(name)).get(name)
    if sha is None:
        raise errors.not_found()
    return web.json_response(await _shape(here, name, sha))


@routes.get(_GIT + "/matching-refs/{ref:.+}")
async def list_matching(request: web.Request) -> web.Response:
    """List the refs that begin with a text, all at once."""
    here = visit(request, Permission.CONTENTS)
    start = f"refs/{here.word('ref')}"
    found = sorted((await here.repo.bare.refs("refs")).items())
    shown = [item for item in found if item[0].startswith(start)]
    return web.json_response([await _shape(here, *item) for item in shown])


@routes.post(_GIT + "/refs")
async def create(request: web.Request) -> web.Response:
    """Make a branch or tag of a commit that is there."""
    here = _writer(request)
    body = await fields(request, {"ref": str, "sha": str})
    name, sha = body["ref"], body["sha"]
    if not name.startswith("refs/") or name.count("/") < len(("refs", "heads")):
        raise GitHubError(422, "Reference name must start with 'refs/' and have two slashes.")
    if name in await here.repo.bare.refs(name):
        raise GitHubError(422, "Reference already exists")
    await moves.check_commit(here, sha)
    await moves.move(here, moves.Move(ref=name, new=sha))
    return web.json_response(await _shape(here, name, sha), status=201, headers=_place(here, name))


@routes.patch(_GIT + "/refs/{ref:.+}")
async def update(request: web.Request) -> web.Response:
    """Move a ref; backwards or aside only by force."""
    here = _writer(request)
    body = await fields(request, {"sha": str}, {"force": bool})
    name, old = await _existing(here)
    await moves.check_commit(here, body["sha"])
    forced = not await here.repo.bare.contains(body["sha"], old)
    if forced and not body.get("force"):
        raise GitHubError(422, "Update is not a fast forward")
    await moves.move(here, moves.Move(ref=name, old=old, new=body["sha"], forced=forced))
    return web.json_response(await _shape(here, name, body["sha"]))


@routes.delete(_GIT + "/refs/{ref:.+}")
async def delete(request: web.Request) -> web.Response:
    """Delete a branch or tag."""
    here = _writer(request)
    name, old = await _existing(here)
    await moves.move(here, moves.Move(ref=name, old=old))
    return web.Response(status=204)


def _writer(request: web.Request) -> Visit:
    return visit(request, Permission.CONTENTS, level=Level.WRITE)


async def _existing(here: Visit) -> tuple[str, str]:
    name = f"refs/{here.word('ref')}"
    old = (await here.repo.bare.refs(name)).get(name)
    if old is None:
        raise GitHubError(422, "Reference does not exist")
    return name, old


def _place(here: Visit, name: str) -> dict[str, str]:
    return {"Location": f"{repository_url(here.forge, here.repo)}/git/{name}"}


async def _shape(here: Visit, name: str, sha: str) -> Shape:
    url = f"{repository_url(here.forge, here.repo)}/git"
    kind = (await here.repo.bare.git("cat-file", "-t", sha)).decode().strip()
    return {
        "ref": name,
        "node_id": node_id("Ref", name),
        "url": f"{url}/{name}",
        "object": {"sha": sha, "type": kind, "url": f"{url}/{kind}s/{sha}"},
    }
