"""What we know better than the official descriptions, each with the reason for it.

Changes are JSON merge patches. A test shows for each that its example is refused without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One place where a description is wrong or incomplete."""

    service: str
    place: str
    """A reference into the description."""
    change: dict[str, Any]
    reason: str
    examples: tuple[Any, ...] = ()
    """Real values for the schema (or of the answer) at this place that would be refused."""


_REPOSITORY = "#/components/schemas/repository"
_BASIC_ERROR = "#/components/schemas/basic-error"
_STATISTICS = {"$ref": "#/components/schemas/tags_metadata"}
DEVIATIONS = (
    Deviation(
        service="cloud",
        place="#/components/schemas/tags/properties/resources/allOf/1",
        change={"properties": {"images": _STATISTICS, "imgages": None}},
        reason="The description misspells the name; its own example has `images`.",
        examples=({"images": {"count": 0}},),
    ),
    Deviation(
        service="forge",
        place="#/components/schemas/validation-error",
        change={"properties": {"status": {"type": "string"}}},
        reason="GitHub puts the status into every problem; other problems are described with it.",
        examples=({"message": "Validation Failed", "documentation_url": "", "status": "422"},),
    ),
    Deviation(
        service="forge",
        place="#/components/responses/forbidden",
        change={"content": {"text/plain": {}}},
        reason="A request without a User-Agent is turned away in front of the API.",
    ),
    Deviation(
        service="forge",
        place="#/components/schemas/validation-error-simple",
        change={"properties": {"status": {"type": "string"}}},
        reason="GitHub puts the status into every problem; other problems are described with it.",
        examples=({"message": "Validation Failed", "documentation_url": "", "status": "422"},),
    ),
    Deviation(
        service="forge",
        place="#/paths/~1repos~1{owner}~1{repo}~1git~1refs~1{ref}/delete/responses/422",
        change={"content": {"application/json": {"schema": {"$ref": _BASIC_ERROR}}}},
        reason="GitHub says why a ref is not deleted; the description has no body there.",
        examples=({"message": "Reference does not exist", "status": "422"},),
    ),
    Deviation(
        service="forge",
        place="#/paths/~1repos~1{owner}~1{repo}~1contents~1{path}/put/responses/409",
        change={
            "content": {"application/json": {"schema": {"$ref": _BASIC_ERROR, "oneOf": None}}}
        },
        reason="Every such problem fits both variants that the description has one of.",
        examples=({"message": "notes.txt does not match", "status": "409"},),
    ),
    *(
        Deviation(
            service="forge",
            place=f"#/components/schemas/{pull}/properties/head/properties/repo",
            change={"$ref": None, "allOf": [{"$ref": _REPOSITORY}], "nullable": True},
            reason="A pull request outlives its fork, whose place is then null.",
            examples=(None,),
        )
        for pull in ("pull-request", "pull-request-simple")
    ),
    Deviation(
        service="cloud",
        place="#/components/schemas/droplet_create/properties/user_data",
        change={"nullable": True},
        reason="apache-libcloud spells out that there is none.",
        examples=(None,),
    ),
    Deviation(
        service="cloud",
        place="#/components/schemas/droplet_create/properties/vpc_uuid",
        change={"nullable": True},
        reason="python-digitalocean spells out that none is chosen.",
        examples=(None,),
    ),
)


def _problem(description: str, schema: str = "basic-error") -> dict[str, Any]:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"description": description, "content": {"application/json": content}}


EVERYWHERE: dict[str, dict[str, Any]] = {
    "forge": {
        "400": {"$ref": "#/components/responses/bad_request"},
        "401": _problem("A token that nobody was given, or none where one is needed."),
        "403": {"$ref": "#/components/responses/forbidden"},
        "404": _problem("What does not exist, or must not be known to exist."),
        "422": _problem("A value that the service doesn't take.", "validation-error"),
        "429": _problem("A token that asks too often."),
    },
}
"""Answers that a service gives to any request, and that its description has for some only."""
