"""How the section `commands` of `.github/docklet.yml` becomes `Bounds`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from docklet.domain import values
from docklet.domain.config import Bounds, Permission
from docklet.domain.inputs import INPUTS
from docklet.domain.settable import UNSETTABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal
    from typing import Any

    from docklet.domain.complaints import Complaints
    from docklet.domain.document import Node

_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_TEAM: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,38}/[a-z0-9][a-z0-9_-]{0,99}")
_PATTERN: Final = re.compile(r"[\w./:@*?!\[\]-]{1,255}", re.ASCII)
_MOST_RUNS: Final = 100
_UNBOUNDED: Final = "none"


def bounds_of(complaints: Complaints, node: Node) -> Bounds:
    """Read the bounds; what the section does not name is as in `Bounds()`."""
    found = complaints.table("commands", node, FIELDS)
    return Bounds(
        **{
            name.replace("-", "_"): FIELDS[name](complaints, f"commands.{name}", value)
            for name, (_, value) in found.items()
        }
    )


def _one(parse: Callable[[str], Any], fallback: object) -> Callable[[Complaints, str, Node], Any]:
    """Return how a bound of one value is read."""
    return lambda complaints, place, node: complaints.read(place, node, parse, fallback)


def _many(parse: Callable[[str], Any]) -> Callable[[Complaints, str, Node], Any]:
    """Return how a bound of several values is read."""
    return lambda complaints, place, node: complaints.read_all(place, node, parse)


def _money(text: str) -> Decimal | None:
    """Read dollars, or that there is no bound."""
    return None if text == _UNBOUNDED else values.money(text)


def _runs(text: str) -> int | None:
    """Read a number of runs, or that there is no bound."""
    if text == _UNBOUNDED:
        return None
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= _MOST_RUNS:
        message = f"`{values.shown(text)}` is not a number from 1 to {_MOST_RUNS}, or `none`."
        raise ValueError(message)
    return int(text)


def _user(text: str) -> str:
    """Read a login."""
    login = text.removeprefix("@").lower()
    if not _LOGIN.fullmatch(login):
        message = f"`{values.shown(text)}` is not a login."
        raise ValueError(message)
    return login


def _team(text: str) -> str:
    """Read a team with its organisation."""
    team = text.removeprefix("@").lower()
    if not _TEAM.fullmatch(team):
        message = f"`{values.shown(text)}` is not a team. Write it like `organisation/team`."
        raise ValueError(message)
    return team


def _pattern(text: str) -> str:
    """Read a pattern of image references."""
    if not _PATTERN.fullmatch(text):
        message = (
            f"`{values.shown(text)}` is not a pattern of images. Write it like `rocker/verse:*`."
        )
        raise ValueError(message)
    return text


def _input(text: str) -> str:
    """Read the name of an input that commands may set."""
    known = [item.name for item in INPUTS if item.name not in UNSETTABLE]
    if text in UNSETTABLE:
        message = f"No command can set `{text}`. {UNSETTABLE[text]}"
        raise ValueError(message)
    if text not in known:
        message = f"There is no input `{values.shown(text)}`.{values.suggestion(text, known)}"
        raise ValueError(message)
    return text


def _inputs(complaints: Complaints, place: str, node: Node) -> frozenset[str]:
    """Read the names of the inputs that commands may set."""
    return frozenset(complaints.read_all(place, node, _input))


FIELDS: Final[Mapping[str, Callable[[Complaints, str, Node], Any]]] = {
    "permission": _one(lambda text: values.choice(text, Permission), Permission.ADMIN),
    "users": _many(_user),
    "teams": _many(_team),
    "sizes": _many(values.slug),
    "regions": _many(values.slug),
    "images": _many(_pattern),
    "max-cost": _one(_money, None),
    "max-cost-month": _one(_money, None),
    "concurrent": _one(_runs, None),
    "forks": _one(values.flag, fallback=False),
    "inputs": _inputs,
}
"""How each bound is read, by its name in the file."""
