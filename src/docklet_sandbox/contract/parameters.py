"""Parameters of path, query and header: which there are, and what their text means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docklet_sandbox.contract.findings import Checker, Finding, misshapen
from docklet_sandbox.contract.schema import Direction, Translator

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from multidict import MultiMapping

    from docklet_sandbox.contract.description import Description, Part

_INTEGER = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    place: str
    """`path`, `query` or `header`."""
    required: bool
    types: frozenset[str]
    exploded: bool
    """Whether an array comes as a repeated parameter rather than with commas."""
    checker: Checker

    def findings(self, texts: Sequence[str]) -> list[Finding]:
        """Return what is wrong with the parameter as it was sent, possibly several times."""
        where = f"the {self.place} parameter {self.name!r}"
        if not texts:
            return [misshapen(f"{where} is missing")] if self.required else []
        if "array" in self.types:
            items = texts if self.exploded else texts[0].split(",")
            return self.checker.findings([self._value(item) for item in items], where)
        if len(texts) > 1:
            return [misshapen(f"{where} is given more than once")]
        return self.checker.findings(self._value(texts[0]), where)

    def _value(self, text: str) -> Any:  # noqa: ANN401 - of whichever type the schema has
        if "integer" in self.types and _INTEGER.fullmatch(text):
            return int(text)
        if "number" in self.types and _NUMBER.fullmatch(text):
            return float(text)
        return _FLAGS.get(text, text) if "boolean" in self.types else text


def compiled(description: Description, raw: Part) -> Parameter:
    """Make a parameter from its description."""
    part = description.resolve(raw)
    translator = Translator(description=description, direction=Direction.REQUEST)
    return Parameter(
        name=part["name"],
        place=part["in"],
        required=part.get("required", False),
        types=frozenset(_types(description, part["schema"])),
        exploded=part.get("explode", True),
        checker=Checker(translator.translate(part["schema"])),
    )


def unknown(
    parameters: Sequence[Parameter], query: Mapping[str, str], tolerated: Container[str]
) -> list[Finding]:
    """Return a finding for each query parameter that does not exist."""
    known = [p.name.removesuffix("[]") for p in parameters if p.place == "query"]
    return [
        misshapen(f"the query parameter {name!r} does not exist; there are {', '.join(known)}")
        for name in dict.fromkeys(query)
        if name.removesuffix("[]") not in known and name not in tolerated
    ]


def sent(
    parameter: Parameter,
    path: Mapping[str, str],
    query: MultiMapping[str],
    headers: Any,  # noqa: ANN401 - aiohttp's
) -> list[str]:
    """Return the texts that were sent for a parameter."""
    if parameter.place == "path":
        return [path[parameter.name]]
    found: list[str] = (query if parameter.place == "query" else headers).getall(
        parameter.name, []
    )
    return found


def _types(description: Description, schema: Part) -> set[str]:
    """Return every type that a value or an item of it may have."""
    part = description.resolve(schema)
    found = {part["type"]} if "type" in part else set()
    inner = [*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("allOf", ())]
    if "items" in part:
        inner.append(part["items"])
    return found.union(*(_types(description, i) for i in inner))
