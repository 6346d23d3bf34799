"""Pages of a list, with the Link header that clients follow.

Links carry the forge's own address, since PyGithub refuses to follow any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from docklet_sandbox.forge.visit import FORGE

if TYPE_CHECKING:
    from aiohttp import web

Item = TypeVar("Item")
_DEFAULT = 30
_MOST = 100


def page_of(
    request: web.Request, items: Sequence[Item], default: int = _DEFAULT
) -> tuple[Sequence[Item], dict[str, str]]:
    """Return the page of the list that was asked for, and the header that names the others.

    `default` is how many items a page has where nobody says it.
    """
    asked = max(1, min(_MOST, _number(request, "per_page", _DEFAULT)))
    size = asked if "per_page" in request.query else default
    page = max(1, _number(request, "page", 1))
    last = max(1, -(-len(items) // size))
    links = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    shown = [
        f'<{_address(request, number)}>; rel="{word}"'
        for word, number in links.items()
        if 1 <= number <= last and (page != number)
    ]
    headers = {"Link": ", ".join(shown)} if shown else {}
    return items[(page - 1) * size : page * size], headers


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdigit() else default


def _address(request: web.Request, page: int) -> str:
    base = request.app[FORGE].server_url
    return f"{base}{request.rel_url.update_query(page=page)}"
