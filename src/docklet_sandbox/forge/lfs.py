"""The batch route of Git LFS: where a repository's large files can be had, or are to be put.

As on GitHub, the files themselves go to a storage that has never heard of the forge's tokens.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from aiohttp import web

from docklet_sandbox.edge import json_body
from docklet_sandbox.forge.gate import Guest, Refused, admit
from docklet_sandbox.forge.lfs_storage import TYPE, address, refusal, ticket_for
from docklet_sandbox.forge.visit import FORGE
from docklet_sandbox.journal import Violation

routes = web.RouteTableDef()
_OBJECTS = "/{owner}/{repo}/info/lfs/objects"
_FIELDS = {"operation", "objects", "transfers", "ref", "hash_algo"}
_OPERATIONS = ("download", "upload")
_OID = re.compile(r"[0-9a-f]{64}")
_MOST_OBJECTS = 100
_EXPIRES = 3600
_QUOTA = (
    "This repository is over its data quota. Account responsible for LFS bandwidth should"
    " purchase more data packs to restore access."
)


@routes.post(f"{_OBJECTS}/batch")
async def batch(request: web.Request) -> web.Response:
    """Say where each object is, or may be put, or that it is not there."""
    asked = _asked(await _body(request))
    upload = asked["operation"] == "upload"
    try:
        guest = admit(request, push=upload)
    except Refused as refused:
        return refusal(refused.status, refused.text)
    if upload and guest.repo.over_large_quota:
        return refusal(HTTPStatus.FORBIDDEN, _QUOTA)
    describe = _to_put if upload else _to_get
    most = request.app[FORGE].max_large_bytes
    found = [_wrong(one, most) or describe(request, guest, one) for one in asked["objects"]]
    answer = {"transfer": "basic", "objects": found, "hash_algo": "sha256"}
    return web.json_response(answer, content_type=TYPE)


async def _body(request: web.Request) -> Any:  # noqa: ANN401 - foreign JSON
    """Read the request's body, which has a type of its own."""
    if request.content_type != TYPE or TYPE not in request.headers.get("Accept", ""):
        message = f"Large files are asked for and described in {TYPE} only."
        raise Violation(message)
    return json_body(await request.text())


def _asked(body: Any) -> dict[str, Any]:  # noqa: ANN401 - foreign JSON
    """Return a well-formed body; no client of GitHub's sends another."""
    known = isinstance(body, dict) and body.keys() <= _FIELDS
    if not known or body.get("operation") not in _OPERATIONS:
        message = f"The batch {body!r} is not one that the protocol describes."
        raise Violation(message)
    objects = body.get("objects")
    if not isinstance(objects, list) or not all(map(_is_object, objects)):
        message = f"Each of {objects!r} has to have an oid and a size, and nothing else."
        raise Violation(message)
    if not 0 < len(objects) <= _MOST_OBJECTS or body.get("hash_algo", "sha256") != "sha256":
        message = f"A batch names 1 to {_MOST_OBJECTS} objects by SHA-256."
        raise Violation(message)
    if "basic" not in body.get("transfers", ["basic"]):
        message = f"The forge has none of the transfers {body['transfers']!r}."
        raise Violation(message)
    return dict(body)


def _is_object(one: Any) -> bool:  # noqa: ANN401 - foreign JSON
    return (
        isinstance(one, dict)
        and one.keys() == {"oid", "size"}
        and isinstance(one["oid"], str)
        and type(one["size"]) is int
    )


def _wrong(one: dict[str, Any], most: int) -> dict[str, Any] | None:
    """Describe an object that GitHub would not take, as the batch protocol does."""
    if not _OID.fullmatch(one["oid"]):
        return _error(one, "Invalid object ID")
    if not 0 <= one["size"] <= most:
        return _error(one, f"Size must be less than or equal to {most}")
    return None


def _error(one: dict[str, Any], message: str, code: int = 422) -> dict[str, Any]:
    return {**one, "error": {"code": code, "message": message}}


def _to_get(request: web.Request, guest: Guest, one: dict[str, Any]) -> dict[str, Any]:
    if one["oid"] not in guest.repo.large:
        return _error(one, "Object does not exist on the server", 404)
    header = {"Authorization": request.headers.get("Authorization", "")}
    href = address(request.app[FORGE], guest.repo, one["oid"])
    return {**one, "actions": {"download": {"href": href, "header": header}}}


def _to_put(request: web.Request, guest: Guest, one: dict[str, Any]) -> dict[str, Any]:
    """Say where to put an object and whom to tell then; nothing if it is there."""
    if one["oid"] in guest.repo.large:
        return dict(one)
    href = address(request.app[FORGE], guest.repo, one["oid"])
    header = {"Authorization": ticket_for(guest.repo, one["oid"], one["size"])}
    action = {"header": header, "expires_in": _EXPIRES}
    verify = {**action, "href": f"{href}/verify"}
    return {**one, "actions": {"upload": {**action, "href": href}, "verify": verify}}
