"""Routes that write one file of a branch as a commit of its own."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from aiohttp import web

from docklet_sandbox.forge import errors, moves
from docklet_sandbox.forge.change import Change
from docklet_sandbox.forge.commits import written_shape
from docklet_sandbox.forge.contents import entry_shape
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.fields import fields
from docklet_sandbox.forge.git_objects import TreeEntry
from docklet_sandbox.forge.tokens import Level, Permission
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_FILE = "/repos/{owner}/{repo}/contents/{path:.+}"
_OPTIONAL = {"sha": str, "branch": str, "committer": dict, "author": dict}


@routes.put(_FILE)
async def put(request: web.Request) -> web.Response:
    """Write a file; one that is there is named by the SHA of what it holds now."""
    here = visit(request, Permission.CONTENTS, level=Level.WRITE)
    body = await fields(request, {"message": str, "content": str}, _OPTIONAL)
    branch, before = await _target(here, body)
    if before is not None and not body.get("sha"):
        raise errors.not_supplied("sha")  # noqa: EM101 - the name of a field
    _check_current(here, before, body)
    content = _decoded(body["content"])
    answer = await _commit(here, branch, body, content)
    return web.json_response(answer, status=201 if before is None else 200)


@routes.delete(_FILE)
async def delete(request: web.Request) -> web.Response:
    """Delete a file that is named by the SHA of what it holds."""
    here = visit(request, Permission.CONTENTS, level=Level.WRITE)
    body = await fields(request, {"message": str, "sha": str}, _OPTIONAL)
    branch, before = await _target(here, body)
    if before is None:
        raise errors.not_found()
    _check_current(here, before, body)
    return web.json_response(await _commit(here, branch, body, None))


async def _target(here: Visit, body: dict[str, Any]) -> tuple[str, TreeEntry | None]:
    """Return the branch, and what the path holds there now."""
    branch = body.get("branch") or here.repo.default_branch
    moves.check_workflow(here, here.word("path"))
    head = await here.repo.bare.head(branch)
    if head is None and not await here.repo.bare.empty():
        raise GitHubError(404, f"Branch {branch} not found")
    return branch, None if head is None else await here.repo.bare.entry(head, here.word("path"))


def _check_current(here: Visit, before: TreeEntry | None, body: dict[str, Any]) -> None:
    """Refuse to write over what the sender has not seen."""
    given = body.get("sha")
    if given and (before is None or given != before.sha):
        raise GitHubError(409, f"{here.word('path')} does not match {given}")


async def _commit(
    here: Visit, branch: str, body: dict[str, Any], content: bytes | None
) -> dict[str, Any]:
    bare, ref, path = here.repo.bare, moves.BRANCH + branch, here.word("path")
    old = await bare.head(branch) or moves.Move(ref=ref).old
    asked = moves.Move(ref=ref, old=old, new="unmade")
    moves.check_rules(here, asked, status=409, prefix="Could not update file: ")
    change = Change(
        files={path: content}, message=body["message"], at=here.forge.now(), **_person(here, body)
    )
    new = await bare.write(branch, change)
    await moves.record(here, moves.Move(ref=ref, old=old, new=new))
    commit = await here.commit(new)
    entry = None if content is None else await bare.entry(new, path)
    shown = None if entry is None else entry_shape(here, branch, entry)
    return {"content": shown, "commit": written_shape(here, commit)}


def _person(here: Visit, body: dict[str, Any]) -> dict[str, str]:
    """Return whose commit it is: the person named, or the token's."""
    named = body.get("author") or body.get("committer")
    if named:
        return {"name": named["name"], "email": named["email"]}
    user = here.forge.user(here.login)
    private = f"{user.id}+{user.login}@users.noreply.github.com"
    return {"name": user.name or user.login, "email": user.email or private}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise GitHubError(422, "content is not valid Base64") from error
