"""What a request says: the fields of its body, and words of its query.

What GitHub answers with 422 is answered so; what no client of GitHub's sends is a violation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docklet_sandbox.edge import json_body
from docklet_sandbox.forge import errors
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.journal import Violation

if TYPE_CHECKING:
    from aiohttp import web

_WORDS = {str: "string", int: "integer", bool: "boolean", list: "array", dict: "object"}


def choice(request: web.Request, name: str, words: Sequence[str]) -> str:
    """Return a word of the query, by default the first; another one is a violation."""
    word = request.query.get(name, words[0])
    if word not in words:
        message = f"The parameter {name!r} takes {', '.join(words)}, not {word!r}."
        raise Violation(message)
    return word


async def fields(
    request: web.Request, required: Mapping[str, type], optional: Mapping[str, type] | None = None
) -> dict[str, Any]:
    """Read the fields of a JSON body; one that GitHub does not know is a violation.

    A required one that is missing, or a value of another type, is answered as GitHub does.
    """
    body = json_body(await request.text())
    known = {**required, **(optional or {})}
    if not isinstance(body, dict) or not body.keys() <= known.keys():
        message = f"The body {body!r} has other fields than {', '.join(known)}."
        raise Violation(message)
    for name, kind in known.items():
        value = body.get(name)
        if value is None and name in required:
            raise errors.not_supplied(name)
        if value is not None and not _is(value, kind):
            given = json.dumps(value, ensure_ascii=False)
            message = f"Invalid request.\n\nFor 'properties/{name}', {given} is not a"
            raise GitHubError(422, f"{message}{_article(kind)} {_WORDS[kind]}.")
    return body


def _is(value: object, kind: type) -> bool:
    """Tell a JSON type; true and false are no integers there."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _article(kind: type) -> str:
    return "n" if _WORDS[kind][0] in "aio" else ""
