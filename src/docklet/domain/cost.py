"""What droplets cost: per second, with a minimum.

Since 2026 DigitalOcean bills by the second, for at least 60 seconds and at least one cent.
"""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from typing import Final

MINIMUM_SECONDS: Final = 60
"""Seconds that every droplet is billed for."""
MINIMUM_DOLLARS: Final = Decimal("0.01")
"""Dollars that every droplet costs."""


def cost_of(seconds: float, price_hourly: Decimal) -> Decimal:
    """Return the dollars for a droplet that lived `seconds`, rounded up to a hundredth cent."""
    billed = Decimal(max(seconds, MINIMUM_SECONDS)) * price_hourly / 3600
    return max(billed, MINIMUM_DOLLARS).quantize(Decimal("0.0001"), rounding=ROUND_UP)


def seconds_for(dollars: Decimal, price_hourly: Decimal) -> int:
    """Return for how many seconds `dollars` pay."""
    return int(dollars * 3600 / price_hourly)


def dollars(amount: Decimal) -> str:
    """Write an amount for people: cents, or more digits where cents would say nothing."""
    cents = amount.quantize(Decimal("0.01"), rounding=ROUND_UP)
    return f"${cents}"
