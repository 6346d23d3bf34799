"""Routes for the account itself and its SSH keys, the listing of which is narrowly limited."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from aiohttp import web

from docklet_sandbox.cloud.errors import not_found, unprocessable
from docklet_sandbox.cloud.gate import ESTATE, LIMITS, TOKEN, Route
from docklet_sandbox.cloud.pages import paged
from docklet_sandbox.cloud.shape import body_of, query_of, text

if TYPE_CHECKING:
    from docklet_sandbox.cloud.catalog import Record

_KEY = "/v2/account/keys/{ssh_key_identifier}"
_BAD_KEY = "Key invalid, key should be of the format `type key [comment]`"
_KEY_IN_USE = "SSH Key is already in use on your account"
_TEAM = "00000000-5a4d-4b0e-9e5b-000000000001"


async def get_account(request: web.Request) -> web.Response:
    """Answer GET /v2/account."""
    query_of(request)
    account = {
        "droplet_limit": request.app[ESTATE].settings.droplet_limit,
        "floating_ip_limit": 3,
        "email": "sandbox@example.com",
        "name": "Sandbox",
        "uuid": "5a4db0e9e5b5a4db0e9e5b5a4db0e9e5b5a4db0e",
        "email_verified": True,
        "status": "active",
        "status_message": "",
        "team": {"uuid": _TEAM, "name": "Sandbox"},
    }
    return web.json_response({"account": account})


async def list_keys(request: web.Request) -> web.Response:
    """Answer GET /v2/account/keys, ten times a minute at most."""
    estate = request.app[ESTATE]
    request.app[LIMITS].spend_key_list(request[TOKEN], estate.now())
    return paged(request, "ssh_keys", list(estate.keys.values()))


async def create_key(request: web.Request) -> web.Response:
    """Answer POST /v2/account/keys."""
    estate = request.app[ESTATE]
    known = ("name", "public_key")
    body = await body_of(request, dict.fromkeys(known, text), known)
    fingerprint = _fingerprint(body["public_key"])
    if any(key["fingerprint"] == fingerprint for key in estate.keys.values()):
        raise unprocessable(_KEY_IN_USE)
    key = estate.add_key(body["name"], body["public_key"], fingerprint)
    return web.json_response({"ssh_key": key}, status=201)


async def get_key(request: web.Request) -> web.Response:
    """Answer GET /v2/account/keys/{id or fingerprint}."""
    query_of(request)
    return web.json_response({"ssh_key": _key_of(request)})


async def rename_key(request: web.Request) -> web.Response:
    """Answer PUT /v2/account/keys/{id or fingerprint}."""
    key = _key_of(request)
    key["name"] = (await body_of(request, {"name": text}, ("name",)))["name"]
    return web.json_response({"ssh_key": key})


async def delete_key(request: web.Request) -> web.Response:
    """Answer DELETE /v2/account/keys/{id or fingerprint}."""
    del request.app[ESTATE].keys[_key_of(request)["id"]]
    return web.Response(status=204)


def _key_of(request: web.Request) -> Record:
    wanted = request.match_info["ssh_key_identifier"]
    for key in request.app[ESTATE].keys.values():
        if wanted in {str(key["id"]), key["fingerprint"]}:
            return key
    raise not_found()


def _fingerprint(public_key: str) -> str:
    """Return the MD5 fingerprint, by which the API names keys."""
    try:
        blob = base64.b64decode(public_key.split()[1], validate=True)
    except (IndexError, binascii.Error):
        raise unprocessable(_BAD_KEY) from None
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


ROUTES = (
    Route(method="GET", path="/v2/account", handler=get_account, scope="account:read"),
    Route(method="GET", path="/v2/account/keys", handler=list_keys, scope="ssh_key:read"),
    Route(method="POST", path="/v2/account/keys", handler=create_key, scope="ssh_key:create"),
    Route(method="GET", path=_KEY, handler=get_key, scope="ssh_key:read"),
    Route(method="PUT", path=_KEY, handler=rename_key, scope="ssh_key:update"),
    Route(method="DELETE", path=_KEY, handler=delete_key, scope="ssh_key:delete"),
)
