"""What the agent and its caller say to each other: requests, answers, refusals."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

ABANDONED: Final = 3
"""Exit code of `follow` when nobody watches the script any more and there is no ending."""
_SHA: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SCHEMES: Final = frozenset({"https", "http", "file"})


class Refused(Exception):
    """A verb that fails for a reason that the agent knows."""

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message

    @property
    def answer(self) -> dict[str, object]:
        """What the agent says then."""
        return {"error": {"kind": self.kind, "message": self.message}}


class Abandoned(Exception):
    """The log ends without an ending: its supervisor is dead."""


def written(answer: Mapping[str, object]) -> bytes:
    """Write an answer as the agent does."""
    return json.dumps(answer, sort_keys=True).encode("ascii") + b"\n"


def read(line: bytes) -> dict[str, Any]:
    """Read a request; raise Refused for what is none."""
    try:
        request = json.loads(line) if line.strip() else {}
    except ValueError:
        request = None
    if not isinstance(request, dict):
        message = "The request is not one line with a JSON object."
        raise Refused(message, kind="request")
    return request


def field(request: Mapping[str, Any], name: str, *kinds: type) -> Any:  # noqa: ANN401 - JSON
    """Return a field that has to be there, of one of these types; raise Refused."""
    value = request.get(name)
    if not isinstance(value, kinds) or isinstance(value, bool):
        message = f"The request's field {name} is missing or has another type."
        raise Refused(message, kind="request")
    return value


def check_source(request: Mapping[str, Any]) -> str:
    """Return the commit that a checkout asks for; raise Refused for what the agent refuses."""
    parts = urlsplit(field(request, "url", str))
    if parts.scheme not in _SCHEMES or "@" in parts.netloc:
        message = "The url is not an https, http or file address without a login."
        raise Refused(message, kind="request")
    sha: str = field(request, "sha", str)
    if not _SHA.fullmatch(sha):
        message = f"{sha!r} is not a full commit SHA."
        raise Refused(message, kind="request")
    return sha
