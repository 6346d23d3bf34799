"""What we know better than the official descriptions is still worth knowing."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from docklet_sandbox.contract.description import Description
from docklet_sandbox.contract.deviations import DEVIATIONS, EVERYWHERE, Deviation
from docklet_sandbox.contract.findings import Checker
from docklet_sandbox.contract.operation import JSON
from docklet_sandbox.contract.places import FILES
from docklet_sandbox.contract.schema import Direction, Translator

_NOTHING: dict[str, Any] = {"enum": []}


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda d: d.place)
def test_each_deviation_is_needed(specs: Path, deviation: Deviation) -> None:
    """It changes something, so that its examples are no longer refused."""
    others = tuple(d for d in DEVIATIONS if d is not deviation)
    file = specs / FILES[deviation.service]
    without = Description.load(deviation.service, file, others)
    corrected = Description.load(deviation.service, file)
    before = copy.deepcopy(without.at(deviation.place))
    assert corrected.at(deviation.place) != before
    for example in deviation.examples:
        assert not _fits(without, deviation.place, example)
        assert _fits(corrected, deviation.place, example)


@pytest.mark.parametrize("status", sorted(EVERYWHERE["forge"]))
def test_answers_to_any_request_are_not_described_for_all(specs: Path, status: str) -> None:
    """Were they, there would be no need to add them."""
    description = Description.load("forge", specs / FILES["forge"], ())
    operations: list[dict[str, Any]] = [
        operation
        for item in description.document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
    ]
    assert any(status not in operation["responses"] for operation in operations)


def _fits(description: Description, place: str, example: object) -> bool:
    part = description.at(place)
    if "/responses/" in place:
        part = part.get("content", {}).get(JSON, {}).get("schema", _NOTHING)
    translator = Translator(description=description, direction=Direction.ANSWER)
    return not Checker(translator.translate(part)).findings(example, "example")
