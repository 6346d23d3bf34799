"""Routes for files: as JSON, raw, and by the address that pictures in comments have.

Directories are listed; symbolic links and submodules are shown as files are.
"""

from __future__ import annotations

import base64
import mimetypes

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.git_objects import TreeEntry
from docklet_sandbox.forge.shapes import Shape, page_url, repository_url
from docklet_sandbox.forge.tokens import Permission
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
pages = web.RouteTableDef()
_KINDS = {"blob": "file", "tree": "dir", "commit": "submodule"}
_RAW_TYPE = "application/vnd.github.raw"
_INLINE_LIMIT = 1024 * 1024
"""GitHub leaves the content out of the JSON above this size."""


@routes.get("/repos/{owner}/{repo}/contents/{path:.*}")
async def get_content(request: web.Request) -> web.Response:
    """Show a file or list a directory of a ref (by default the newest of the default branch)."""
    here = visit(request, Permission.CONTENTS)
    ref = request.query.get("ref", here.repo.default_branch)
    sha = await here.repo.bare.resolve(ref)
    if sha is None:
        raise errors.GitHubError(404, f"No commit found for the ref {ref}")
    path = here.word("path").strip("/")
    entry = await here.repo.bare.entry(sha, path) if path else None
    if entry is None or entry.kind == "tree":
        return await _listing(here, ref, sha, path)
    content = await here.repo.bare.blob(entry.sha)
    if request.headers.get("Accept", "").startswith(_RAW_TYPE):
        return web.Response(body=content, content_type=_RAW_TYPE, charset="utf-8")
    return web.json_response(_file(here, ref, entry, content))


@pages.get("/{owner}/{repo}/raw/{ref}/{path:.+}")
async def get_raw(request: web.Request) -> web.Response:
    """Send a file as a browser would load it, as for pictures in comments."""
    here = visit(request, Permission.CONTENTS)
    sha = await here.repo.bare.resolve(here.word("ref"))
    entry = None if sha is None else await here.repo.bare.entry(sha, here.word("path"))
    if entry is None:
        raise errors.not_found()
    kind = mimetypes.guess_type(entry.path)[0] or "application/octet-stream"
    return web.Response(body=await here.repo.bare.blob(entry.sha), content_type=kind)


async def _listing(here: Visit, ref: str, sha: str, path: str) -> web.Response:
    entries = await here.repo.bare.entries(sha, *([f"{path}/"] if path else []))
    if not entries:
        raise errors.not_found()
    return web.json_response([entry_shape(here, ref, entry) for entry in entries])


def _file(here: Visit, ref: str, entry: TreeEntry, content: bytes) -> Shape:
    inline = len(content) <= _INLINE_LIMIT
    return {
        **entry_shape(here, ref, entry),
        "content": base64.encodebytes(content).decode() if inline else "",
        "encoding": "base64" if inline else "none",
    }


def entry_shape(here: Visit, ref: str, entry: TreeEntry) -> Shape:
    """Show a file, without its content."""
    url = repository_url(here.forge, here.repo)
    page = page_url(here.forge, here.repo)
    own = f"{url}/contents/{entry.path}?ref={ref}"
    git = f"{url}/git/{entry.kind}s/{entry.sha}"
    html = f"{page}/{entry.kind}/{ref}/{entry.path}"
    return {
        "type": _KINDS[entry.kind],
        "size": entry.size,
        "name": entry.path.rsplit("/", 1)[-1],
        "path": entry.path,
        "sha": entry.sha,
        "url": own,
        "git_url": git,
        "html_url": html,
        "download_url": f"{page}/raw/{ref}/{entry.path}" if entry.kind == "blob" else None,
        "_links": {"self": own, "git": git, "html": html},
    }
