"""Write the JSON schema of `.github/docklet.yml`, for editors, from action.yml and the bounds.

A schema can't say all that the loader checks: aliases, a name given twice, whether the extension
of a script implies an image. `docklet check-config` is what decides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from docklet.domain.assignments import JOB_NAME
from docklet.domain.config import Permission
from docklet.domain.config_reader import FOREIGN
from docklet.domain.inputs import INPUTS, LISTS
from docklet.domain.settable import SETTABLE, UNSETTABLE
from docklet.domain.spec import CommentOn, Keep, Push, Submodules

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT: Final = Path(__file__).resolve().parent.parent
PATH: Final = _ROOT / ".github/docklet.schema.json"
URL: Final = "https://raw.githubusercontent.com/docklet/docklet/v1/.github/docklet.schema.json"
_TEXT: Final = {
    "type": ["string", "number", "boolean"],
    "pattern": r"\S",
    "not": {"type": "string", "pattern": r"\$\{\{"},
}
_SLUG: Final = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{1,39}$"}
_FLAG: Final = {"enum": [True, False, "true", "false"]}
_DURATION: Final = {
    "type": ["string", "integer"],
    "pattern": r"^(?=.)([0-9]+|([0-9]+[dD])?\s*([0-9]+[hH])?\s*([0-9]+[mM])?\s*([0-9]+[sS])?)$",
    "minimum": 1,
}
_MONEY: Final = {
    "type": ["string", "number"],
    "pattern": r"^\$?([0-9]{1,6}(\.[0-9]{0,6})?|\.[0-9]{1,6})$",
    "exclusiveMinimum": 0,
    "maximum": 999_999,
}
_COUNT: Final = {"type": ["string", "integer"], "pattern": "^[0-9]{1,9}$", "minimum": 0}
_FORMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "size": _SLUG,
    "fetch-depth": _COUNT,
    "submodules": {"enum": [True, False, *Submodules]},
    "lfs": _FLAG,
    "push": {"enum": [*Push]},
    "timeout": _DURATION,
    "max-cost": _MONEY,
    "keep": {"enum": [*Keep]},
    "keep-for": _DURATION,
    "comment": {"enum": [*CommentOn]},
}
"""What an input's value looks like, where it is more than a text."""


def _several(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a list of values looks like."""
    return {"type": "array", "items": form}


def _or_none(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a bound looks like that can be switched off."""
    return {"anyOf": [form, {"const": "none"}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One bound for commands."""

    default: str = ""
    """What it is when the file does not name it; empty for an empty list."""
    meaning: str
    """A sentence."""
    form: Mapping[str, Any]
    """What its value looks like."""


BOUNDS: Final[Mapping[str, Bound]] = {
    "permission": Bound(
        default="write",
        meaning="What a person must at least be allowed to do in the repository: `write`,"
        " `maintain` or `admin`.",
        form={"enum": [*Permission]},
    ),
    "users": Bound(
        meaning="Logins. If users or teams are listed, a person must also be one of them.",
        form=_several({"type": "string", "pattern": "^@?[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"}),
    ),
    "teams": Bound(
        meaning="Teams, as `organisation/team`. They narrow `permission` as users do.",
        form=_several(
            {"type": "string", "pattern": "^@?[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9][A-Za-z0-9_-]*$"}
        ),
    ),
    "sizes": Bound(
        meaning="Sizes that a command may choose, beside the job's own.", form=_several(_SLUG)
    ),
    "regions": Bound(
        meaning="Regions that a command may choose, beside the job's own.", form=_several(_SLUG)
    ),
    "images": Bound(
        meaning="Patterns of images that a command may choose, such as `rocker/*`. A pattern is"
        " compared with the whole reference, and `*` stands for anything, slashes too.",
        form=_several({"type": "string", "pattern": r"^[A-Za-z0-9_./:@*?!\[\]-]{1,255}$"}),
    ),
    "max-cost": Bound(
        default="5",
        meaning="Most that one run may cost, in US dollars, or `none`. Jobs and commands can only"
        " lower it.",
        form=_or_none(_MONEY),
    ),
    "max-cost-month": Bound(
        default="50",
        meaning="Most that all runs from comments may cost in a calendar month, in US dollars, or"
        " `none`.",
        form=_or_none(_MONEY),
    ),
    "concurrent": Bound(
        default="2",
        meaning="Number of the repository's runs that may go on at a time, 1 to 100, or `none`.",
        form=_or_none(
            {"type": ["string", "integer"], "pattern": "^[1-9][0-9]?$|^100$"}
            | {"minimum": 1, "maximum": 100}
        ),
    ),
    "forks": Bound(
        default="false",
        meaning="Whether commits of forks may be run: `true` or `false`.",
        form=_FLAG,
    ),
    "inputs": Bound(
        default=", ".join(item.name for item in INPUTS if item.name in SETTABLE),
        meaning="Inputs that a command may set.",
        form=_several({"enum": [item.name for item in INPUTS if item.name not in UNSETTABLE]}),
    ),
}
"""What the section `commands` can say, in the order of the documentation."""


def schema(action: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema, with the inputs as `action`, the content of action.yml, has them."""
    inputs = {
        name: {"description": known["description"], **_form(name)}
        for name, known in action["inputs"].items()
        if name not in FOREIGN
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": URL,
        "title": "docklet: jobs, and bounds for commands in comments",
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            "defaults": _named("Inputs that every job has unless it says otherwise.", inputs),
            "jobs": {
                "description": "Jobs by name, for `/docklet run NAME`.",
                "type": ["object", "null"],
                "maxProperties": 50,
                "propertyNames": {"pattern": f"^{JOB_NAME.pattern}$"},
                "additionalProperties": {"$ref": "#/properties/defaults"},
            },
            "commands": _named("Bounds for commands in comments.", _bounds()),
        },
        "if": {"required": ["defaults"], "properties": {"defaults": {"required": ["script"]}}},
        "else": {
            "properties": {
                "jobs": {"additionalProperties": {"type": "object", "required": ["script"]}}
            }
        },
    }


def bounds_table() -> str:
    """Return the Markdown table of the bounds."""
    rows = [
        f"| `{name}` | {f'`{bound.default}`' if bound.default else ''} | {bound.meaning} |"
        for name, bound in BOUNDS.items()
    ]
    return "\n".join(["| bound | default | meaning |", "| --- | --- | --- |", *rows])


def _bounds() -> dict[str, Any]:
    """Return the forms of all bounds, with what they mean."""
    return {name: {"description": one.meaning, **one.form} for name, one in BOUNDS.items()}


def _form(name: str) -> Mapping[str, Any]:
    """Return what an input's value looks like."""
    form = _FORMS.get(name, _TEXT)
    return {"anyOf": [form, _several(form)]} if name in LISTS else form


def _named(description: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with these names and no others."""
    return {
        "description": description,
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": properties,
    }


def text(action: Mapping[str, Any]) -> str:
    """Return the schema as it is in the file."""
    return json.dumps(schema(action), indent=2) + "\n"


def main() -> None:
    """Bring `.github/docklet.schema.json` up to date."""
    PATH.write_text(text(yaml.safe_load((_ROOT / "action.yml").read_text())))


if __name__ == "__main__":
    main()
