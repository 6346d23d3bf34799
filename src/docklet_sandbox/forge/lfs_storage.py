"""Where Git LFS keeps files: it takes those that the batch route gave a ticket for.

A ticket is good for one object of one repository. A token of the forge has no business here:
on GitHub this is somebody else's host.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from docklet_sandbox.edge import json_body
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.founding import set_rules
from docklet_sandbox.forge.gate import Refused, admit
from docklet_sandbox.forge.visit import FORGE, token_of
from docklet_sandbox.journal import Violation

if TYPE_CHECKING:
    from docklet_sandbox.forge.model import Repository
    from docklet_sandbox.forge.store import Forge

TYPE = "application/vnd.git-lfs+json"
routes = web.RouteTableDef()
_OBJECT = "/{owner}/{repo}/info/lfs/objects/{oid}"
_BINARY = "application/octet-stream"
_SCHEME = "RemoteAuth "
_KEY = secrets.token_bytes(32)
_ABOUT = "https://docs.github.com/rest"


def ticket_for(repository: Repository, oid: str, size: int) -> str:
    """Return the Authorization header that lets one object in."""
    text = f"{repository.id} {oid} {size}".encode()
    return f"{_SCHEME}{size} {hmac.new(_KEY, text, 'sha256').hexdigest()}"


def address(forge: Forge, repository: Repository, oid: str) -> str:
    """Return where an object is or will be."""
    return f"{forge.server_url}/{repository.full_name}.git/info/lfs/objects/{oid}"


def refusal(status: int, message: str) -> web.Response:
    """Return an answer other than success, as the protocol shapes it."""
    body = {"message": message, "documentation_url": _ABOUT, "request_id": secrets.token_hex(8)}
    challenge = {"LFS-Authenticate": 'Basic realm="GitHub"'}
    headers = challenge if status == HTTPStatus.UNAUTHORIZED else None
    return web.json_response(body, status=status, headers=headers, content_type=TYPE)


@routes.get(_OBJECT)
async def download(request: web.Request) -> web.Response:
    """Send an object."""
    try:
        guest = admit(request, push=False)
    except Refused as refused:
        return refusal(refused.status, refused.text)
    content = guest.repo.large.get(request.match_info["oid"])
    if content is None:
        return refusal(HTTPStatus.NOT_FOUND, "Not Found")
    return web.Response(body=content, content_type=_BINARY)


@routes.put(_OBJECT)
async def upload(request: web.Request) -> web.Response:
    """Take an object, if it is the one that the ticket was given for."""
    repository, oid = _place(request)
    size = _allowed(request, repository, oid)
    if size is None:
        return refusal(HTTPStatus.FORBIDDEN, "Forbidden")
    streamed = b"".join([piece async for piece in request.content.iter_any()])
    content = streamed or await request.read()  # the journal has read small texts before
    if (len(content), hashlib.sha256(content).hexdigest()) != (size, oid):
        return refusal(HTTPStatus.BAD_REQUEST, "The content is not what was announced.")
    repository.large[oid] = content
    return web.Response()


@routes.post(f"{_OBJECT}/verify")
async def verify(request: web.Request) -> web.Response:
    """Confirm that an object arrived; from now on a push may point to it."""
    repository, oid = _place(request)
    size = _allowed(request, repository, oid)
    if size is None:
        return refusal(HTTPStatus.FORBIDDEN, "Forbidden")
    if json_body(await request.text()) != {"oid": oid, "size": size}:
        message = "What is verified is not what was uploaded."
        raise Violation(message)
    if oid not in repository.large:
        return refusal(HTTPStatus.NOT_FOUND, "Not Found")
    set_rules(request.app[FORGE], repository, repository.rules)
    return web.Response()


def _place(request: web.Request) -> tuple[Repository, str]:
    """Return the repository and the object's name; the storage only knows its own addresses."""
    words = request.match_info
    name = f"{words['owner']}/{words['repo'].removesuffix('.git')}".lower()
    repository = request.app[FORGE].repositories.get(name)
    if repository is None:
        message = f"The forge gave nobody an address in {name}."
        raise Violation(message)
    return repository, words["oid"]


def _allowed(request: web.Request, repository: Repository, oid: str) -> int | None:
    """Return the size that the request's ticket was given for; None without a good one."""
    shown = request.headers.get("Authorization", "")
    if not shown.startswith(_SCHEME):
        _check_for_token(request)
        return None
    size = shown.removeprefix(_SCHEME).partition(" ")[0]
    good = size.isdigit() and hmac.compare_digest(shown, ticket_for(repository, oid, int(size)))
    return int(size) if good else None


def _check_for_token(request: web.Request) -> None:
    """Condemn a client that shows the forge's token to a stranger."""
    try:
        known = token_of(request) is not None
    except GitHubError:
        known = False
    if known:
        message = "The forge's token was sent to the storage of large files."
        raise Violation(message)
