"""The shape of requests: which fields and parameters exist, and of which type they are.

A request of another shape is a violation: the API's description forbids it, so no correct client
sends it. Values that a user chooses (names, sizes) are judged elsewhere, with the real answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docklet_sandbox.cloud.tolerated import QUERY
from docklet_sandbox.edge import json_body
from docklet_sandbox.journal import Violation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

    Check = Callable[[Any], bool]


def text(value: object) -> bool:
    """Accept a string."""
    return isinstance(value, str)


def flag(value: object) -> bool:
    """Accept a boolean."""
    return isinstance(value, bool)


def whole(value: object) -> bool:
    """Accept an integer that is no boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


def mapping(value: object) -> bool:
    """Accept an object."""
    return isinstance(value, dict)


def either(*checks: Check) -> Check:
    """Accept what any of the checks accepts."""
    return lambda value: any(check(value) for check in checks)


def many(check: Check, *, nullable: bool = False) -> Check:
    """Accept an array (or null, if allowed) whose items pass the check."""

    def judge(value: object) -> bool:
        if value is None:
            return nullable
        return isinstance(value, list) and all(check(item) for item in value)

    return judge


async def body_of(
    request: web.Request, known: Mapping[str, Check], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the JSON object sent, every field of which is known and of its type."""
    if request.content_type != "application/json":
        message = f"The body is sent as {request.content_type}, not as application/json."
        raise Violation(message)
    body = json_body(await request.text())
    if not isinstance(body, dict):
        message = f"The body is {type(body).__name__}, not an object."
        raise Violation(message)
    return fields_of(body, known, required)


def fields_of(
    body: dict[str, Any], known: Mapping[str, Check], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the object if every field is known and of its type and none required is missing."""
    for name, value in body.items():
        if name not in known:
            message = f"The field {name!r} does not exist here; there are {', '.join(known)}."
            raise Violation(message)
        if not known[name](value):
            message = f"The field {name!r} has the wrong type: {value!r:.80}."
            raise Violation(message)
    if missing := [name for name in required if name not in body]:
        message = f"Required fields are missing: {', '.join(missing)}."
        raise Violation(message)
    return body


def query_of(request: web.Request, *known: str) -> dict[str, str]:
    """Return the query's parameters, each of which is known or tolerated, and given once."""
    for name in request.query:
        if name not in {*known, *QUERY}:
            message = f"The parameter {name!r} does not exist here; there are {', '.join(known)}."
            raise Violation(message)
        if len(request.query.getall(name)) > 1:
            message = f"The parameter {name!r} is given more than once."
            raise Violation(message)
    return dict(request.query)
