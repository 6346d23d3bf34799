"""Routes for git over HTTP: clone, fetch and push.

The answer to a push is held back until git is done, so that a fault can lose it after the push
took effect, and so that refs are declined for GitHub's reasons.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from docklet_sandbox.forge import pktline
from docklet_sandbox.forge.ambush import spring
from docklet_sandbox.forge.cgi import start_backend
from docklet_sandbox.forge.gate import Guest, Refused, admit
from docklet_sandbox.forge.pushed import note_pushes
from docklet_sandbox.forge.records import Push
from docklet_sandbox.forge.visit import FORGE
from docklet_sandbox.journal import Violation

routes = web.RouteTableDef()
_BRANCH = "refs/heads/"
_FETCH, _PUSH = "git-upload-pack", "git-receive-pack"


@routes.get("/{owner}/{repo}/info/refs")
async def advertise(request: web.Request) -> web.StreamResponse:
    """Tell a client what refs there are."""
    service = request.query.get("service")
    if service not in {_FETCH, _PUSH}:
        message = f"The service {service!r} is none of git's two smart ones."
        raise Violation(message)
    try:
        guest = admit(request, push=service == _PUSH)
    except Refused as refusal:
        return refusal.response()
    if service == _PUSH:
        await spring(request.app[FORGE].ambushes, guest.repo, None, advertised=False)
    return await _stream(request, guest, "info/refs")


@routes.post("/{owner}/{repo}/git-upload-pack")
async def fetch(request: web.Request) -> web.StreamResponse:
    """Send objects."""
    try:
        guest = admit(request, push=False)
    except Refused as refusal:
        return refusal.response()
    return await _stream(request, guest, _FETCH)


@routes.post("/{owner}/{repo}/git-receive-pack")
async def push(request: web.Request) -> web.StreamResponse:
    """Take objects, and move refs unless the hooks refuse."""
    try:
        guest = admit(request, push=True)
    except Refused as refusal:
        return refusal.response()
    first, commands = await _commands(request)
    branches = [c.ref.removeprefix(_BRANCH) for c in commands]
    await spring(request.app[FORGE].ambushes, guest.repo, branches, advertised=True)
    with tempfile.TemporaryDirectory(prefix="forge-push-") as scratch:
        verdict = Path(scratch) / "verdict.json"
        extra = {**guest.environment(), "FORGE_VERDICT": str(verdict)}
        status, headers, answer = await _receive(request, guest, first, extra)
        told = json.loads(verdict.read_text()) if verdict.exists() else {}
    await note_pushes(request.app[FORGE], guest.repo, _pushes(request, guest, told))
    body = pktline.with_reasons(answer, told.get("declined", {}))
    return web.Response(status=status, headers=headers, body=body)


async def _receive(
    request: web.Request, guest: Guest, first: bytes, extra: Mapping[str, str]
) -> tuple[int, dict[str, str], bytes]:
    backend = await start_backend(request, guest.repo.bare.path, _PUSH, first=first, extra=extra)
    try:
        answer = b"".join([piece async for piece in backend.pieces()])
    finally:
        await backend.close()
    return backend.status, backend.headers, answer


async def _stream(request: web.Request, guest: Guest, service: str) -> web.StreamResponse:
    """Pass the backend's answer on as it comes."""
    extra = guest.environment()
    backend = await start_backend(request, guest.repo.bare.path, service, extra=extra)
    try:
        response = web.StreamResponse(status=backend.status, headers=backend.headers)
        await response.prepare(request)
        async for piece in backend.pieces():
            await response.write(piece)
        await response.write_eof()
    finally:
        await backend.close()
    return response


async def _commands(request: web.Request) -> tuple[bytes, list[pktline.Command]]:
    """Read as much of a push as it takes to know which refs it is about."""
    data = b""
    while (found := pktline.commands(data)) is None:
        piece = await request.content.readany()
        if not piece:
            break
        data += piece
    return data, found or []


def _pushes(request: web.Request, guest: Guest, told: Mapping[str, Any]) -> list[Push]:
    now = request.app[FORGE].now()
    return [
        Push(
            at=now,
            repository=guest.repo.full_name,
            ref=ref,
            old=old,
            new=new,
            login=guest.login,
            forced=forced,
        )
        for ref, old, new, forced in told.get("updated", [])
    ]
