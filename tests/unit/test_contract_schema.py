"""From OpenAPI 3.0 to JSON Schema: what a description allows, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest

from docklet_sandbox.contract.description import Description
from docklet_sandbox.contract.findings import Checker, Finding
from docklet_sandbox.contract.schema import Direction, Translator

_COMPONENTS: dict[str, Any] = {
    "pet": {
        "type": "object",
        "required": ["id", "name"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "name": {"type": "string", "maxLength": 5},
            "secret": {"type": "string", "writeOnly": True},
            "born": {"type": "string", "format": "date-time"},
            "owner": {"type": "string", "nullable": True},
            "mood": {"type": "string", "enum": ["calm"], "nullable": True},
            "child": {"$ref": "#/components/schemas/pet"},
            "notes": {"type": "object"},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "toys": {"type": "array", "items": {"$ref": "#/components/schemas/toy"}},
        },
    },
    "toy": {"type": "object", "properties": {"size": {"type": "integer"}}},
    "dog": {
        "allOf": [
            {"$ref": "#/components/schemas/pet"},
            {"type": "object", "properties": {"bark": {"type": "boolean"}}},
        ]
    },
    "reboot": {"type": "object", "properties": {"type": {"type": "string"}}, "required": ["type"]},
    "rename": {
        "allOf": [
            {"$ref": "#/components/schemas/reboot"},
            {"properties": {"name": {"type": "string"}}, "required": ["name"]},
        ]
    },
    "act": {
        "anyOf": [
            {"$ref": "#/components/schemas/reboot"},
            {"$ref": "#/components/schemas/rename"},
        ],
        "discriminator": {
            "propertyName": "type",
            "mapping": {
                "reboot": "#/components/schemas/reboot",
                "rename": "#/components/schemas/rename",
            },
        },
    },
    "either": {
        "oneOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]},
        ]
    },
}


def _findings(name: str, value: object, direction: Direction = Direction.ANSWER) -> list[Finding]:
    document = {"paths": {}, "components": {"schemas": _COMPONENTS}}
    translator = Translator(
        description=Description(service="zoo", document=document), direction=direction
    )
    reference = {"$ref": f"#/components/schemas/{name}"}
    return Checker(translator.translate(reference)).findings(value, "body")


_PET = {"id": 1, "name": "Rex"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pet", _PET),
        ("pet", _PET | {"owner": None, "mood": None, "born": "2026-11-22T10:00:00Z"}),
        ("pet", _PET | {"notes": {"whatever": [1]}, "labels": {"a": "b"}}),
        ("pet", _PET | {"child": {"id": 2, "name": "Pup"}, "toys": [{"size": 1}]}),
        ("dog", _PET | {"bark": True}),
        ("act", {"type": "reboot"}),
        ("act", {"type": "rename", "name": "Max"}),
        ("either", {"a": "x"}),
    ],
)
def test_what_is_described_passes(name: str, value: object) -> None:
    """Null where it is allowed, free-form objects, references, compositions, variants."""
    assert _findings(name, value) == []


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("pet", {"id": 1}, 'body: "name" is a required property'),
        ("pet", _PET | {"nam": "x"}, "'nam' was unexpected"),
        ("pet", _PET | {"id": "1"}, "body.id:"),
        ("pet", _PET | {"name": None}, "body.name:"),
        ("pet", _PET | {"mood": "wild"}, "body.mood:"),
        ("pet", _PET | {"born": "yesterday"}, 'is not a "date-time"'),
        ("pet", _PET | {"labels": {"a": 1}}, "body.labels.a:"),
        ("pet", _PET | {"child": {"id": 2}}, "body.child:"),
        ("pet", _PET | {"child": _PET | {"x": 1}}, "body.child: Unevaluated"),
        ("pet", _PET | {"toys": [{"size": 1}, {"sise": 1}]}, "body.toys[1]: Unevaluated"),
        ("pet", _PET | {"secret": "s"}, "'secret' was unexpected"),
        ("dog", _PET | {"bark": True, "meow": True}, "'meow' was unexpected"),
        ("dog", _PET | {"bark": "loud"}, "body.bark:"),
        ("act", {"type": "reboot", "name": "Max"}, "'name' was unexpected"),
        ("act", {"type": "rename"}, '"name" is a required property'),
        ("act", {"type": "explode"}, "body.type:"),
        ("either", {"a": "x", "b": "y"}, "oneOf"),
        ("either", {}, "fits no variant"),
    ],
)
def test_what_is_not_described_is_told_once(name: str, value: object, told: str) -> None:
    """There is one finding, at the place of the mistake, and none that only follow from it."""
    [finding] = _findings(name, value)
    assert told in finding.text


def test_fields_go_one_way() -> None:
    """A request has none of the fields that only answers have, not even if they are required."""
    assert _findings("pet", {"name": "Rex", "secret": "s"}, Direction.REQUEST) == []
    [finding] = _findings("pet", _PET, Direction.REQUEST)
    assert "'id' was unexpected" in finding.text


@pytest.mark.parametrize(
    ("name", "value", "of_value"),
    [
        ("pet", _PET | {"name": "Rexington"}, True),
        ("pet", _PET | {"name": 5}, False),
        ("pet", _PET | {"owner": 5}, False),
        ("pet", _PET | {"born": "yesterday"}, False),
        ("pet", _PET | {"mood": "wild"}, True),
        ("either", {"c": 1}, False),
        ("act", {"type": "explode"}, True),
    ],
)
def test_a_wrong_value_is_not_a_wrong_shape(name: str, value: object, *, of_value: bool) -> None:
    """A name that is too long is the user's doing; a number for a name is the client's."""
    [finding] = _findings(name, value)
    assert finding.of_value is of_value
