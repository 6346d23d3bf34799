"""Pagination as the API has it: 20 items a page by default, 200 at most, links and meta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from docklet_sandbox.cloud.shape import query_of
from docklet_sandbox.journal import Violation

if TYPE_CHECKING:
    from collections.abc import Sequence

PARAMETERS = ("page", "per_page")
_DEFAULT = 20
_MOST = 200


def paged(request: web.Request, key: str, items: Sequence[Any], *extra: str) -> web.Response:
    """Answer with one page of the items; `extra` names the route's other parameters."""
    query_of(request, *PARAMETERS, *extra)
    page = _number(request, "page", default=1, most=None)
    per_page = _number(request, "per_page", default=_DEFAULT, most=_MOST)
    start = (page - 1) * per_page
    last = max(1, -(-len(items) // per_page))
    shown = list(items[start : start + per_page])
    links = _links(request, page, last)
    return web.json_response({key: shown, **links, "meta": {"total": len(items)}})


def _links(request: web.Request, page: int, last: int) -> dict[str, Any]:
    """Return links to the other pages; there is no such object when all fits on one page."""
    pages: dict[str, str] = {}
    if page > 1:
        pages |= {"first": _at(request, 1), "prev": _at(request, page - 1)}
    if page < last:
        pages |= {"next": _at(request, page + 1), "last": _at(request, last)}
    return {"links": {"pages": pages}} if pages else {}


def _at(request: web.Request, page: int) -> str:
    return str(request.url.update_query(page=str(page)))


def _number(request: web.Request, name: str, *, default: int, most: int | None) -> int:
    raw = request.query.get(name, str(default))
    if not raw.isascii() or not raw.isdigit() or int(raw) < 1 or (most and int(raw) > most):
        limit = f" to {most}" if most else " upwards"
        message = f"The parameter {name!r} takes a number from 1{limit}, not {raw!r}."
        raise Violation(message)
    return int(raw)
