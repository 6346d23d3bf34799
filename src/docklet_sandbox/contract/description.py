"""An OpenAPI 3.0 document: its routes, its references, and what we know better than it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from docklet_sandbox.contract.deviations import DEVIATIONS, EVERYWHERE, Deviation

Part = dict[str, Any]
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One service's description."""

    service: str
    document: Part

    @classmethod
    def load(
        cls, service: str, file: Path, deviations: tuple[Deviation, ...] = DEVIATIONS
    ) -> Self:
        """Read a description and correct it; 2 MB take 30 ms."""
        document = json.loads(file.read_text(encoding="utf-8"))
        description = cls(service=service, document=document)
        for deviation in deviations:
            if deviation.service == service:
                _merge(description.at(deviation.place), deviation.change)
        return description

    def operation(self, path: str, method: str) -> Part | None:
        """Return what is described for a route, with what holds for its path or everywhere."""
        item = self.document["paths"].get(path, {})
        found: Part | None = item.get(method.lower())
        if found is None:
            return None
        return {
            **found,
            "parameters": [*item.get("parameters", ()), *found.get("parameters", ())],
            "responses": {**EVERYWHERE.get(self.service, {}), **found["responses"]},
        }

    def routes(self) -> set[tuple[str, str]]:
        """Return each method of every path."""
        return {
            (method.upper(), path)
            for path, item in self.document["paths"].items()
            for method in item
            if method in _METHODS
        }

    def resolve(self, part: Part) -> Part:
        """Follow references until there is something."""
        while "$ref" in part:
            part = self.at(part["$ref"])
        return part

    def at(self, pointer: str) -> Part:
        """Return the part that a reference within the document points to."""
        part: Any = self.document
        for word in pointer.removeprefix("#/").split("/"):
            name = word.replace("~1", "/").replace("~0", "~")
            part = part[int(name) if isinstance(part, list) else name]
        found: Part = part
        return found


def _merge(part: Part, change: Part) -> None:
    """Change a part in place as a JSON merge patch says (RFC 7396)."""
    for name, value in change.items():
        if value is None:
            part.pop(name, None)
        elif isinstance(value, dict) and isinstance(part.get(name), dict):
            _merge(part[name], value)
        else:
            part[name] = value
