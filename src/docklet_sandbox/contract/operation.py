"""One operation of a description, compiled: what may be asked and what may be answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from docklet_sandbox.contract import parameters
from docklet_sandbox.contract.findings import Checker, Finding, misshapen
from docklet_sandbox.contract.schema import Direction, Translator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet_sandbox.contract.description import Description, Part
    from docklet_sandbox.contract.parameters import Parameter

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One documented answer of an operation."""

    checkers: Mapping[str, Checker | None]
    """By content type; without one there is no body."""
    headers: Mapping[str, Checker]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a description says of one method of one path."""

    parameters: tuple[Parameter, ...]
    body: Checker | None
    body_required: bool
    answers: Mapping[str, Answer]
    """By status, or `default`."""

    @classmethod
    def compile(cls, description: Description, raw: Part) -> Self:
        """Compile an operation; what it refers to is translated on the way."""
        request = description.resolve(raw.get("requestBody", {}))
        content = request.get("content", {}).get(JSON)
        return cls(
            parameters=tuple(parameters.compiled(description, p) for p in raw["parameters"]),
            body=None if content is None else _checker(description, Direction.REQUEST, content),
            body_required=request.get("required", False),
            answers={
                status: _answer(description, description.resolve(answer))
                for status, answer in raw["responses"].items()
            },
        )

    def answer(self, status: int) -> Answer | None:
        """Return what is documented for a status."""
        return self.answers.get(str(status), self.answers.get("default"))

    def body_findings(self, content_type: str, body: Any, *, empty: bool) -> list[Finding]:  # noqa: ANN401 - foreign JSON
        """Return what is wrong with a request's body."""
        if empty:
            return [misshapen("the body is missing")] if self.body_required else []
        if self.body is None:
            return [misshapen("the operation takes no body")]
        if content_type != JSON:
            return [misshapen(f"the body is sent as {content_type}, not as {JSON}")]
        return self.body.findings(body, "body")


def _answer(description: Description, raw: Part) -> Answer:
    return Answer(
        checkers={
            kind: _checker(description, Direction.ANSWER, content) if "json" in kind else None
            for kind, content in raw.get("content", {}).items()
        },
        headers={
            name.lower(): _checker(description, Direction.ANSWER, description.resolve(header))
            for name, header in raw.get("headers", {}).items()
        },
    )


def _checker(description: Description, direction: Direction, part: Part) -> Checker:
    translator = Translator(description=description, direction=direction)
    return Checker(translator.translate(part.get("schema", {})))
