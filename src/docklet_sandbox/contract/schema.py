"""From schemas of OpenAPI 3.0 to JSON Schema 2020-12, closed: what is not described is wrong.

Descriptions hardly ever forbid further fields, so each value's schema gets
`unevaluatedProperties: false`, which, unlike `additionalProperties`, sees through compositions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from docklet_sandbox.contract.description import Description

Schema = dict[str, Any]
_COMPONENT = "#/components/schemas/"
_PLAIN = (
    *("type", "enum", "format", "pattern", "minLength", "maxLength", "minimum", "maximum"),
    *("multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
)
_COMPOSED = ("allOf", "anyOf", "oneOf")


class Direction(StrEnum):
    """Which way a value goes; a description marks fields that go one way only."""

    REQUEST = "readOnly"
    """The mark of fields that only answers have."""
    ANSWER = "writeOnly"
    """The mark of fields that only requests have."""


@dataclass(slots=True, kw_only=True)
class Translator:
    """Translates one schema and all that it refers to."""

    description: Description
    direction: Direction
    _definitions: dict[str, Schema] = field(default_factory=dict)

    def translate(self, raw: Schema) -> Schema:
        """Return a JSON schema that stands on its own."""
        return {**self._value(raw), "$defs": self._definitions}

    def _value(self, raw: Schema) -> Schema:
        """Translate the schema of a value, which has the fields that it names and no others."""
        part = self._part(raw)
        if _names_fields(raw, self.description, frozenset()):
            part["unevaluatedProperties"] = False
        return part

    def _part(self, raw: Schema) -> Schema:
        """Translate a schema that may be composed with others, so that it has to stay open."""
        if "$ref" in raw:  # whatever stands beside a reference counts for nothing in OpenAPI 3.0
            return {"$ref": self._definition(raw["$ref"])}
        plain: Schema = {key: raw[key] for key in _PLAIN if key in raw}
        if "properties" in raw or "required" in raw:
            plain |= self._fields(raw)
        if "items" in raw:
            plain["items"] = self._value(raw["items"])
        if "additionalProperties" in raw:
            more = raw["additionalProperties"]
            plain["additionalProperties"] = more if isinstance(more, bool) else self._value(more)
        for key in _COMPOSED:
            if key in raw:
                plain[key] = [self._part(part) for part in raw[key]]
        if "mapping" in raw.get("discriminator", {}):
            plain = self._told_apart(plain, raw["discriminator"])
        return _or_null(plain) if raw.get("nullable") is True else plain

    def _fields(self, raw: Schema) -> Schema:
        found = raw.get("properties", {})
        barred = {n for n, s in found.items() if self.description.resolve(s).get(self.direction)}
        return {
            "properties": {n: self._value(s) for n, s in found.items() if n not in barred},
            "required": [name for name in raw.get("required", ()) if name not in barred],
        }

    def _told_apart(self, plain: Schema, discriminator: Schema) -> Schema:
        """Let the word that tells variants apart choose the one that an object has to fit."""
        key = next((k for k in ("oneOf", "anyOf") if k in plain), None)
        if key is None:
            return plain
        name, mapping = discriminator["propertyName"], discriminator["mapping"]
        choice = {
            "required": [name],
            "properties": {name: {"enum": list(mapping)}},
            "allOf": [
                {
                    "if": {"properties": {name: {"const": word}}, "required": [name]},
                    "then": {"$ref": self._definition(reference)},
                }
                for word, reference in mapping.items()
            ],
        }
        variants = {key: plain.pop(key)}
        return {**plain, "if": {"type": "object"}, "then": choice, "else": variants}

    def _definition(self, reference: str) -> str:
        name = reference.removeprefix(_COMPONENT)
        if name not in self._definitions:
            self._definitions[name] = {}  # a schema may refer to itself
            self._definitions[name] = self._part(self.description.at(reference))
        return f"#/$defs/{name}"


def _or_null(plain: Schema) -> Schema:
    kind = plain.get("type")
    if isinstance(kind, str) and not {"enum", *_COMPOSED} & plain.keys():
        return {**plain, "type": [kind, "null"]}
    return {"anyOf": [plain, {"type": "null"}]}


def _names_fields(raw: Schema, description: Description, seen: frozenset[str]) -> bool:
    """Say whether a schema names fields; one that only says `object` leaves them open."""
    if "$ref" in raw:
        if raw["$ref"] in seen:
            return False
        seen |= {raw["$ref"]}
        raw = description.at(raw["$ref"])
    if "properties" in raw:
        return True
    return any(_names_fields(p, description, seen) for key in _COMPOSED for p in raw.get(key, ()))
