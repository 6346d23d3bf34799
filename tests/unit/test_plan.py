"""What a run costs and whether it may start."""

from __future__ import annotations

from decimal import Decimal

import pytest

from docklet.domain.cost import cost_of, dollars, seconds_for
from docklet.domain.errors import InvalidInputs
from docklet.domain.outcome import Reason
from docklet.domain.plan import check_quota, chosen_size, target_branch
from docklet.domain.spec import Push
from tests.builders import make_size, make_spec, make_trigger


@pytest.mark.parametrize(
    ("seconds", "price", "expected"),
    [
        (1, "0.03571", "0.0100"),
        (723, "0.14286", "0.0287"),
        (1, "3.39", "0.0565"),
        (3600, "3.39", "3.3900"),
    ],
)
def test_cost(seconds: float, price: str, expected: str) -> None:
    """Billing is by the second, with a minimum of a minute and of a cent."""
    assert cost_of(seconds, Decimal(price)) == Decimal(expected)


def test_money() -> None:
    """Amounts are rounded up to the cent, and say how long they last."""
    assert dollars(Decimal("0.0287")) == "$0.03"
    assert seconds_for(Decimal(1), Decimal("0.5")) == 7200


def test_unknown_size() -> None:
    """An unknown size has no price, so it is refused with a guess at what was meant."""
    with pytest.raises(InvalidInputs, match="Did you mean `s-2vcpu-4gb`"):
        chosen_size(make_spec(size="s-2vpcu-4gb"), [make_size()])


def test_absent_size() -> None:
    """A size that none of the regions has is refused with the regions that have it."""
    with pytest.raises(InvalidInputs, match="`ams3`, `nyc3`") as caught:
        chosen_size(make_spec(regions=("lon1",)), [make_size()])
    assert caught.value.reason is Reason.UNAVAILABLE
    assert chosen_size(make_spec(regions=("lon1", "ams3")), [make_size()]) == make_size()


def test_too_dear() -> None:
    """The worst case decides, not the hope."""
    dear = make_spec(max_cost=Decimal("0.10"), timeout=18000)
    with pytest.raises(InvalidInputs, match=r"\$0.18"):
        chosen_size(dear, [make_size()])
    enough = make_spec(max_cost=Decimal("0.18"), timeout=18000)
    assert chosen_size(enough, [make_size()]) == make_size()


def test_quota() -> None:
    """A full account is told before anything is created."""
    with pytest.raises(InvalidInputs) as caught:
        check_quota(3, 3)
    assert caught.value.reason is Reason.QUOTA
    check_quota(3, 2)


def test_target_branch() -> None:
    """Results go to the branch asked for, else to the triggering one, else nowhere by name."""
    assert target_branch(make_spec(), make_trigger()) == "main"
    assert target_branch(make_spec(branch="x"), make_trigger()) == "x"
    assert target_branch(make_spec(push=Push.NONE), make_trigger(branch="")) == ""
    with pytest.raises(InvalidInputs, match="push: none"):
        target_branch(make_spec(), make_trigger(branch=""))
