"""Routes for Git LFS: a repository's large files are handed out to whoever may fetch it.

Only downloads; nothing that docklet does uploads any.
"""

from __future__ import annotations

import json

from aiohttp import web

from docklet_sandbox.forge.gate import Guest, Refused, admit
from docklet_sandbox.forge.visit import FORGE
from docklet_sandbox.journal import Violation

routes = web.RouteTableDef()
_OBJECTS = "/{owner}/{repo}/info/lfs/objects"
_TYPE = "application/vnd.git-lfs+json"


@routes.post(f"{_OBJECTS}/batch")
async def batch(request: web.Request) -> web.Response:
    """Say where each object is, or that it is not there."""
    try:
        guest = admit(request, push=False)
    except Refused as refusal:
        return refusal.response()
    body = json.loads(await request.read())
    if body["operation"] != "download":
        message = f"The LFS operation {body['operation']!r} changes something."
        raise Violation(message)
    found = [_object(request, guest, one["oid"], one["size"]) for one in body["objects"]]
    return web.json_response({"transfer": "basic", "objects": found}, content_type=_TYPE)


@routes.get(f"{_OBJECTS}/{{oid}}")
async def download(request: web.Request) -> web.Response:
    """Send an object."""
    try:
        guest = admit(request, push=False)
    except Refused as refusal:
        return refusal.response()
    content = guest.repo.large.get(request.match_info["oid"])
    if content is None:
        raise web.HTTPNotFound
    return web.Response(body=content, content_type="application/octet-stream")


def _object(request: web.Request, guest: Guest, oid: str, size: int) -> dict[str, object]:
    """Describe an object as the batch protocol does."""
    if oid not in guest.repo.large:
        error = {"code": 404, "message": "Object does not exist on the server"}
        return {"oid": oid, "size": size, "error": error}
    href = f"{request.app[FORGE].server_url}/{guest.repo.full_name}.git/info/lfs/objects/{oid}"
    header = {"Authorization": request.headers.get("Authorization", "")}
    return {"oid": oid, "size": size, "actions": {"download": {"href": href, "header": header}}}
