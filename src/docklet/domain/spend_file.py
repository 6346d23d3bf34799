"""What runs have cost, as text that people can read and nobody can misread."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from docklet.domain.identity import RunKey
from docklet.domain.spend import Ledger, Month, Reservation

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = 1
"""Changes with the meaning of any field."""


def encode(ledger: Ledger) -> str:
    """Write a ledger as JSON that people can read."""
    months = {
        name: {
            "spent": str(month.spent),
            "reserved": {
                key: {"dollars": str(one.dollars), "at": int(one.at)}
                for key, one in month.reserved.items()
            },
        }
        for name, month in ledger.months.items()
    }
    return f"{json.dumps({'version': VERSION, 'months': months}, indent=1, sort_keys=True)}\n"


def decode(text: str) -> Ledger:
    """Read a ledger; raise `ValueError` for what is none. Nothing at all is an empty one."""
    if not text:
        return Ledger()
    try:
        raw = json.loads(text)
        if raw["version"] != VERSION:
            message = f"It has version {raw['version']}, not {VERSION}."
            raise ValueError(message)
        return Ledger(months={str(name): _month(one) for name, one in raw["months"].items()})
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        message = f"It can't be read ({type(error).__name__}: {error})."
        raise ValueError(message) from error


def _month(raw: Mapping[str, object]) -> Month:
    """Read a month."""
    reserved = raw["reserved"]
    if not isinstance(reserved, dict):
        raise TypeError(reserved)
    return Month(
        spent=_amount(raw["spent"]),
        reserved={
            RunKey(str(key)): Reservation(dollars=_amount(one["dollars"]), at=float(one["at"]))
            for key, one in reserved.items()
        },
    )


def _amount(raw: object) -> Decimal:
    """Read an amount, which nobody may make smaller than nothing."""
    amount = Decimal(str(raw))
    if not amount.is_finite() or amount < 0:
        message = f"{amount} is no amount."
        raise ValueError(message)
    return amount
