"""What the edge asks of the contract: is this request allowed, is that answer right?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from aiohttp import web

from docklet_sandbox.contract import parameters
from docklet_sandbox.contract.description import Description
from docklet_sandbox.contract.findings import Finding, misshapen
from docklet_sandbox.contract.operation import JSON, Operation
from docklet_sandbox.contract.places import FILES
from docklet_sandbox.contract.scope import SCOPES, Scope

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence
    from pathlib import Path

    from docklet_sandbox.contract.operation import Answer

_FIRST_REFUSAL = 400
_MOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the contract says about a request."""

    violation: str = ""
    """Why no correct client sends it: an unknown, missing or ill-typed part."""
    doubt: str = ""
    """Why the service refuses it although its shape is right: a value out of bounds."""


@dataclass(slots=True, kw_only=True)
class Contract:
    """One service's description with the operations compiled so far."""

    description: Description
    scope: Scope
    _compiled: dict[tuple[str, str], Operation | None] = field(default_factory=dict)

    @classmethod
    def of(cls, service: str, folder: Path | None) -> Self | None:
        """Load the contract of a service; None where there is no description of it."""
        if folder is None or not (folder / FILES[service]).is_file():
            return None
        description = Description.load(service, folder / FILES[service])
        return cls(description=description, scope=SCOPES[service])

    def operation(self, method: str, route: str) -> Operation | None:
        """Return the compiled operation of a route; None where the description has none."""
        key = (method, route)
        if key not in self._compiled:
            raw = self.description.operation(self.scope.path(route), method)
            found = None if raw is None else Operation.compile(self.description, raw)
            self._compiled[key] = found
        return self._compiled[key]

    async def judge(self, request: web.Request, route: str) -> Verdict:
        """Judge a request before anything else is done with it."""
        if self.scope.exempt(request.method, route):
            return Verdict()
        operation = self.operation(request.method, route)
        if operation is None:
            return Verdict(violation=f"{request.method} {route} is not in the description.")
        tolerated = self.scope.tolerated_query
        findings = parameters.unknown(operation.parameters, request.query, tolerated)
        for parameter in operation.parameters:
            texts = parameters.sent(parameter, request.match_info, request.query, request.headers)
            findings += parameter.findings(texts)
        findings += await self._body_findings(operation, request)
        shape = [f for f in findings if not f.of_value]
        if shape:
            return Verdict(violation=_told("The request", shape))
        return Verdict(doubt=_told("The request", findings))

    async def _body_findings(self, operation: Operation, request: web.Request) -> list[Finding]:
        text = await request.text() if request.body_exists else ""
        if operation.body is None and self.scope.tolerates_empty_object and text == "{}":
            return []
        if not text or request.content_type != JSON:
            return operation.body_findings(request.content_type, None, empty=not text)
        try:
            return operation.body_findings(JSON, json.loads(text), empty=False)
        except ValueError as error:
            return [misshapen(f"the body is not JSON ({error})")]

    def object_to(self, method: str, route: str, response: web.StreamResponse, doubt: str) -> str:
        """Say what is wrong with an answer; nothing if it is as described."""
        operation = None if self.scope.exempt(method, route) else self.operation(method, route)
        if operation is None:
            return ""
        if doubt and response.status < _FIRST_REFUSAL:
            return f"The sandbox is too kind, since it answered {response.status}. {doubt}"
        answer = operation.answer(response.status)
        if answer is None:
            return f"The answer's status {response.status} is not documented."
        findings = [*_header_findings(answer, response, self.scope.optional_headers)]
        findings += _answer_findings(answer, response)
        return _told(f"The answer {response.status}", findings)


def _header_findings(
    answer: Answer, response: web.StreamResponse, optional: Container[str]
) -> Iterator[Finding]:
    """Find what is wrong with the documented headers, which are numbers or words."""
    for name, checker in answer.headers.items():
        text = response.headers.get(name)
        if text is not None:
            yield from checker.findings(int(text) if text.isdigit() else text, f"header {name}")
        elif name not in optional:
            yield misshapen(f"the header {name} is missing")


def _answer_findings(answer: Answer, response: web.StreamResponse) -> list[Finding]:
    body = response.body if isinstance(response, web.Response) else None
    if not body or not isinstance(body, bytes):
        return [misshapen("the body is missing")] if answer.checkers else []
    if response.content_type not in answer.checkers:
        kinds = ", ".join(answer.checkers) or "no body at all"
        return [misshapen(f"the body is {response.content_type}, where there is {kinds}")]
    checker = answer.checkers[response.content_type]
    return [] if checker is None else checker.findings(json.loads(body), "body")


def _told(subject: str, findings: Sequence[Finding]) -> str:
    """Tell the first few findings."""
    texts = list(dict.fromkeys(finding.text for finding in findings))
    return f"{subject} is not as described: {'; '.join(texts[:_MOST])}." if texts else ""
