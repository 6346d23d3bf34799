"""How much more time a script may have."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from docklet.domain.errors import InvalidInputs
from docklet.domain.extension import Extension, check_cost, extended, tags_of_limit
from docklet.domain.fields import LONGEST_TIMEOUT
from tests.builders import START, make_identity, make_plan

FIRST = int(START) + 5400
PLAN = make_plan(timeout=3600, identity=make_identity(deadline=FIRST))
MOST = LONGEST_TIMEOUT - 3600


@pytest.mark.parametrize(
    ("had", "seconds", "has"),
    [(0, 60, 60), (0, 7200, 7200), (7200, 60, 7260), (0, 86_400, MOST), (MOST - 1, 60, MOST)],
)
def test_more_time(had: int, seconds: int, has: int) -> None:
    """Limit and deadline grow alike, up to the longest that any script may take."""
    more = extended(PLAN, FIRST + had, seconds)
    superseded = FIRST + had if had else None
    assert more == Extension(limit=3600 + has, deadline=FIRST + has, superseded=superseded)
    assert more.limit <= LONGEST_TIMEOUT


def test_no_more_time() -> None:
    """Who has all the time that a script may have gets no more."""
    with pytest.raises(InvalidInputs, match="timeout: No script may take more than 5h30m"):
        extended(PLAN, FIRST + MOST, 60)
    with pytest.raises(InvalidInputs):
        extended(make_plan(timeout=LONGEST_TIMEOUT), PLAN.identity.deadline + 10**6, 60)


@pytest.mark.parametrize(
    ("bounds", "fits"),
    [((), True), ((None, "0.10"), True), (("0.09", None), False), (("5", "0.09"), False)],
)
def test_cost(bounds: tuple[str | None, ...], *, fits: bool) -> None:
    """The lowest bound counts, and what is not bounded is not."""
    amounts = [None if bound is None else Decimal(bound) for bound in bounds]
    if fits:
        check_cost(Decimal("0.10"), *amounts)
        return
    with pytest.raises(InvalidInputs, match=r"max-cost: .* more than \$0.09"):
        check_cost(Decimal("0.10"), *amounts)


def test_tags_of_a_limit() -> None:
    """What the droplet says of its limit names a tag of the run's own, or none."""
    later = replace(PLAN.identity, deadline=FIRST + 60)
    assert tags_of_limit(PLAN, 3660) == {later.tag}
    for limit in (-1, 0, 3600, 3600 + LONGEST_TIMEOUT + 1, 10**400):
        assert tags_of_limit(PLAN, limit) == frozenset()
