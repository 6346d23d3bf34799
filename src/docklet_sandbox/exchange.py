"""One request with what becomes of it, from its arrival until it is written into the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from docklet_sandbox.cloud.tolerated import canonical
from docklet_sandbox.journal import Entry
from docklet_sandbox.virtual_time import now

if TYPE_CHECKING:
    from docklet_sandbox.contract.contract import Contract
    from docklet_sandbox.journal import Journal

_KEPT_BODY = 1024 * 1024
_TEXT_TYPES = (
    *("application/json", "application/vnd.git-lfs+json"),
    *("application/x-www-form-urlencoded", "text/"),
)


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What is known of a request while it is dealt with."""

    request: web.Request
    service: str
    journal: Journal
    route: str
    contract: Contract | None
    body: str = ""
    started: float = field(default_factory=now)
    fault: str = ""
    violation: str = ""
    doubt: str = ""
    """Why the service has to refuse the request, if it has to."""
    silent: bool = False
    noted: bool = False

    def note(self, response: web.StreamResponse) -> None:
        """Write the exchange down, once."""
        if not self.noted:
            self.noted = True
            self.journal.record(self._entry(response))

    def _entry(self, response: web.StreamResponse) -> Entry:
        sent = self.request.content.total_bytes if self.request.can_read_body else 0
        return Entry(
            time=self.started,
            seconds=round(now() - self.started, 4),
            service=self.service,
            method=self.request.method,
            path=self.request.path,
            route=self.route,
            query=self.request.query_string,
            status=0 if self.silent else response.status,
            request_bytes=max(sent, len(self.body.encode())),
            response_bytes=_size(response),
            request_body=self.body,
            headers=_headers(self.request),
            client=self.request.headers.get("User-Agent", ""),
            fault=self.fault,
            violation=self.violation,
        )


def _headers(request: web.Request) -> dict[str, str]:
    """Return the headers that may be kept; clients spell their names as they like."""
    return {k: v for k, v in request.headers.items() if k.lower() != "authorization"}


def route_of(request: web.Request) -> str:
    """Return the route's pattern as descriptions write it; empty where there is none."""
    resource = request.match_info.route.resource
    return "" if resource is None else canonical(resource.canonical)


async def text_of(request: web.Request) -> str:
    """Read a body of text; binary bodies are left for the handler to stream."""
    if not request.can_read_body or not request.content_type.startswith(_TEXT_TYPES):
        return ""
    if (request.content_length or 0) > _KEPT_BODY:
        return ""
    return (await request.read()).decode("utf-8", "replace")


def _size(response: web.StreamResponse) -> int:
    if isinstance(response, web.Response):
        body: Any = response.body
        return len(body) if isinstance(body, bytes) else 0
    return response.body_length if response.prepared else 0
