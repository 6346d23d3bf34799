"""Whether a command in a comment keeps within the bounds of `.github/docklet.yml`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from docklet.domain import values
from docklet.domain.errors import Problem
from docklet.domain.inputs import INPUTS
from docklet.domain.settable import UNSETTABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from docklet.domain.config import Bounds

_DEFAULTS: Final = {item.name: item.default for item in INPUTS}
_MOST_SHOWN: Final = 20


def breaches(
    bounds: Bounds, asked: Mapping[str, str], job: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield what `asked`, the inputs of a command, may not be over those of its `job`.

    What the job itself says is always within bounds: the same people wrote both. Names that are
    no inputs, and values that can't be read, are left to `inputs.parse`.
    """
    for name, text in asked.items():
        if name in _DEFAULTS:
            own = job.get(name, "") or _DEFAULTS[name]
            message = _set_at_all(bounds, name) or _value(bounds, name, text, own)
            if message:
                yield Problem(name=name, message=message)


def lowest_cost(bounds: Bounds, *texts: str) -> Decimal | None:
    """Return the lowest of the bound on a run's cost and the given amounts, if there is any."""
    amounts = [amount for text in texts if (amount := _amount(text)) is not None]
    if bounds.max_cost is not None:
        amounts.append(bounds.max_cost)
    return min(amounts, default=None)


def _set_at_all(bounds: Bounds, name: str) -> str:
    """Return why a command may not set an input, whatever the value; nothing if it may."""
    if name in UNSETTABLE:
        return f"No command can set it. {UNSETTABLE[name]}"
    if name not in bounds.inputs:
        known = ", ".join(f"`{one}`" for one in sorted(bounds.inputs)) or "none"
        return f"A command may not set it: `commands.inputs` allows {known}."
    return ""


def _value(bounds: Bounds, name: str, text: str, own: str) -> str:
    """Return why a value is out of bounds; nothing if it is within."""
    match name:
        case "size":
            return _listed("sizes", (text,), (*bounds.sizes, own))
        case "region":
            return _listed("regions", _parts(text), (*bounds.regions, *_parts(own)))
        case "image":
            return "" if text == own else _matched(text, bounds.images)
        case "max-cost":
            return _affordable(text, lowest_cost(bounds, own))
        case _:
            return ""


def _listed(bound: str, wanted: tuple[str, ...], allowed: tuple[str, ...]) -> str:
    """Return which of the values wanted is not allowed."""
    for value in wanted:
        if value not in allowed:
            return f"`{values.shown(value)}` is not allowed. {_choice(bound, allowed)}"
    return ""


def _matched(image: str, patterns: tuple[str, ...]) -> str:
    """Return that no pattern allows an image."""
    if any(fnmatchcase(image, pattern) for pattern in patterns):
        return ""
    return f"`{values.shown(image)}` is not allowed. {_choice('images', patterns)}"


def _choice(bound: str, allowed: tuple[str, ...]) -> str:
    """Say what a bound and the job allow."""
    unique = [value for value in dict.fromkeys(allowed) if value]
    shown = ", ".join(f"`{value}`" for value in unique[:_MOST_SHOWN]) or "no other than the job's"
    more = f" and {len(unique) - _MOST_SHOWN} more" if len(unique) > _MOST_SHOWN else ""
    return f"With `commands.{bound}` of `.github/docklet.yml` it can be {shown}{more}."


def _affordable(text: str, most: Decimal | None) -> str:
    """Return that a command asks for more money than there is."""
    amount = _amount(text)
    if amount is None or most is None or amount <= most:
        return ""
    return f"A command can only lower it: this job may cost ${most:f}."


def _amount(text: str) -> Decimal | None:
    """Return an amount of dollars; None when the text is none."""
    try:
        return values.money(text) if text else None
    except ValueError:
        return None


def _parts(text: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated list."""
    return tuple(part for raw in text.split(",") if (part := raw.strip()))
