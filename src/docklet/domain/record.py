"""What one process leaves on the droplet so that another one can finish its run.

It holds nothing that can be read without the cloud token: of the script's variables the names and
their encrypted values, of the registry nothing. What is read was sealed by us, so it is complete
or of another version, and nothing in between.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from docklet.domain.identity import Identity, RunKey
from docklet.domain.plan import Plan, Size
from docklet.domain.secret import Secret
from docklet.domain.spec import CommentOn, Keep, Push, RunSpec, Submodules
from docklet.domain.trigger import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION: Final = 2
"""Changes with the meaning of any field; another version's record is not taken up."""
_OMITTED: Final = {"registry", "existing", "local"}
"""Fields that are a secret, that the cloud says anew, or that no run which can be taken up has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as the process that began it knows it."""

    plan: Plan
    """Without secrets: its variables are empty."""
    started: float
    """Epoch second at which the run began."""
    digest: str = ""
    """The image's digest, once it was pulled."""
    begun: str = ""
    """The commit since which changes of somebody else's on the branch count; empty if unknown."""
    there: int | None = None
    """The droplet that it runs on if that was there before it; None for one of its own."""
    hidden: str = ""
    """The values of the script's variables, for whoever has the cloud token."""

    @property
    def hides(self) -> bool:
        """Tell whether the script was given values that nobody may see."""
        return bool(self.plan.spec.env)


def encode(record: RunRecord) -> str:
    """Write a record as JSON."""
    return json.dumps({"version": VERSION, **_plain(record)}, sort_keys=True)


def decode(text: str) -> RunRecord:
    """Read a record; raise `ValueError` for another version's, or for what is none."""
    try:
        raw = json.loads(text)
        if raw["version"] != VERSION:
            message = f"The record has version {raw['version']}, not {VERSION}."
            raise ValueError(message)
        return RunRecord(
            plan=_plan(raw["plan"]),
            started=float(raw["started"]),
            digest=str(raw["digest"]),
            begun=str(raw["begun"]),
            there=raw.get("there"),
            hidden=str(raw["hidden"]),
        )
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        message = f"The record can't be read ({type(error).__name__}: {error})."
        raise ValueError(message) from error


def values_of(record: RunRecord) -> str:
    """Write the values of the script's variables as JSON; this is what has to be hidden."""
    return json.dumps({name: value.reveal() for name, value in record.plan.spec.env.items()})


def with_values(record: RunRecord, text: str) -> RunRecord:
    """Return a record whose variables have the values that `values_of` wrote."""
    env = {str(name): Secret(str(value)) for name, value in json.loads(text).items()}
    plan = replace(record.plan, spec=replace(record.plan.spec, env=env))
    return replace(record, plan=plan, hidden="")


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return a value as JSON has it; secrets become empty."""
    match value:
        case Secret():
            return ""
        case Decimal():
            return str(value)
        case Mapping():
            return {str(name): _plain(each) for name, each in value.items()}
        case frozenset() | tuple():
            return [_plain(each) for each in value]
        case _:
            return _fields(value) if is_dataclass(value) else value


def _fields(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """Return the fields of a dataclass that belong into a record."""
    named = {one.name: getattr(value, one.name) for one in fields(value)}
    return {name: _plain(each) for name, each in named.items() if name not in _OMITTED}


def _plan(raw: Mapping[str, Any]) -> Plan:
    """Read a plan."""
    plain = {name: raw[name] for name in ("image", "install_docker", "branch", "sha", "issue")}
    return Plan(
        spec=RunSpec(**_read(raw["spec"], _SPEC)),
        trigger=Trigger(**_read(raw["trigger"], {})),
        identity=Identity(**_read(raw["identity"], {"key": RunKey})),
        size=_size(raw["size"]),
        cheaper=tuple(map(_size, raw.get("cheaper", ()))),
        **plain,
    )


def _size(raw: Mapping[str, Any]) -> Size:
    """Read a size."""
    return Size(**_read(raw, {"price_hourly": Decimal, "regions": frozenset}))


def _read(
    raw: Mapping[str, Any], readers: Mapping[str, Callable[[Any], object]]
) -> dict[str, Any]:
    """Return the fields of a dataclass, each read as its type."""
    return {name: readers.get(name, _same)(value) for name, value in raw.items()}


def _same(value: object) -> object:
    """Return what JSON has a type of its own for."""
    return value


def _amount(value: str | None) -> Decimal | None:
    """Read an amount that may be absent."""
    return None if value is None else Decimal(value)


_SPEC: Final[Mapping[str, Callable[[Any], object]]] = {
    "regions": tuple,
    "argv": tuple,
    "paths": tuple,
    "ssh_keys": tuple,
    "env": lambda names: dict.fromkeys(names, Secret("")),
    "submodules": Submodules,
    "push": Push,
    "keep": Keep,
    "comment": CommentOn,
    "max_cost": _amount,
}
"""How those fields of a job are read that JSON has no type for."""
