"""What is wrong with a value, in one sentence each, and whether a user could have caused it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jsonschema_rs import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jsonschema_rs import ValidationError

_OF_VALUE = frozenset(
    (
        *("pattern", "minLength", "maxLength", "enum", "minimum", "maximum"),
        *("minItems", "maxItems", "multipleOf", "uniqueItems"),
    )
)
_EXTRA = "unevaluatedProperties"
_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One way in which a value is not as described."""

    text: str
    of_value: bool
    """Whether the shape is right and only the value is not, as with a name that is too long."""


def misshapen(text: str) -> Finding:
    """Return a finding that no value could mend."""
    return Finding(text=text, of_value=False)


class Checker:
    """A compiled schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Compile a JSON schema; formats count."""
        self._validator = Draft202012Validator(schema, validate_formats=True)

    def findings(self, value: Any, where: str) -> list[Finding]:  # noqa: ANN401 - foreign JSON
        """Return all that is wrong with a value; `where` names it."""
        if self._validator.is_valid(value):
            return []
        errors = list(self._validator.iter_errors(value))
        return [_finding(error, where) for error in _causes(errors)]


def _causes(errors: Sequence[ValidationError]) -> list[ValidationError]:
    """Leave out what only follows from something else.

    A value that fails counts for nothing, so that its own name and those beside it seem unknown.
    """
    real = [error for error in errors if error.kind.name != _EXTRA]
    if real:
        return real
    paths = [tuple(error.instance_path) for error in errors]
    return [e for e, p in zip(errors, paths, strict=True) if not any(_below(o, p) for o in paths)]


def _below(path: tuple[str | int, ...], other: tuple[str | int, ...]) -> bool:
    return len(path) > len(other) and path[: len(other)] == other


def _finding(error: ValidationError, where: str) -> Finding:
    text = f"{where}{_place(error)}: {_message(error)}"
    return Finding(text=text, of_value=_is_of_value(error))


def _place(error: ValidationError) -> str:
    return "".join(f"[{w}]" if isinstance(w, int) else f".{w}" for w in error.instance_path)


def _message(error: ValidationError) -> str:
    """Tell what is wrong, of several variants with those that come nearest."""
    variants = [errors for errors in _variants(error) if errors]
    if not variants:
        return error.message[:_LENGTH]
    least = min(len(errors) for errors in variants)
    told = (
        " and ".join(f"{_place(e)} {_message(e)}".strip() for e in errors)
        for errors in variants
        if len(errors) == least
    )
    return f"fits no variant: {'; or '.join(dict.fromkeys(told))}"


def _is_of_value(error: ValidationError) -> bool:
    variants = _variants(error)
    if variants:
        return any(_all_of_value(errors) for errors in variants)
    return error.kind.name in _OF_VALUE


def _all_of_value(errors: Iterable[ValidationError]) -> bool:
    return all(_is_of_value(error) for error in errors)


def _variants(error: ValidationError) -> Sequence[Sequence[ValidationError]]:
    found: Sequence[Sequence[ValidationError]] = getattr(error.kind, "context", ())
    return found
