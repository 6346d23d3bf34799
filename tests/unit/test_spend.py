"""The month's money: set aside before a run, settled behind it, and never above the bound."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from docklet.bot.spending import ATTEMPTS, real_cost, set_aside, settle, worst_case
from docklet.domain import spend, spend_file
from docklet.domain.config import Bounds
from docklet.domain.cost import cost_of
from docklet.domain.errors import DockletError, ForgeError, InvalidInputs
from docklet.domain.events import DropletKept
from docklet.domain.identity import RunKey
from docklet.domain.outcome import Outcome, Reason
from docklet.domain.plan import MARGIN
from docklet.domain.spec import Keep
from docklet.domain.spend import UNSEEN, Ledger, Month, Reservation, Wish
from docklet.ports.talk import Kept
from tests.bots import CONFIG, FakeBot
from tests.builders import START, make_plan, make_progress, make_spec
from tests.fakes import FakeClock
from tests.fakes.talk import FakeTalk

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_BOUND = Bounds(max_cost_month=None, concurrent=None)
TEN = Bounds(max_cost_month=Decimal(10), concurrent=None)


def key(number: int) -> RunKey:
    """Return a run's key."""
    return RunKey(f"{number:020x}")


def wish(number: int = 1, dollars: str = "4", **fields: object) -> Wish:
    """Return a run that would like to begin now."""
    return replace(Wish(run=key(number), dollars=Decimal(dollars), at=START), **fields)  # type: ignore[arg-type]


def totals(history: Iterable[str]) -> list[Decimal]:
    """Return what each text that was kept adds up to."""
    name = spend.month_of(START)
    return [spend_file.decode(text).month(name).total for text in history]


def test_month_is_in_utc() -> None:
    """A month begins at midnight, UTC."""
    assert spend.month_of(1_704_067_199) == "2023-12"
    assert spend.month_of(1_704_067_200) == "2024-01"


def test_reserve_up_to_the_bound() -> None:
    """What is set aside may reach the bound, and not pass it."""
    ledger = spend.reserve(Ledger(), wish(1), TEN)
    ledger = spend.reserve(ledger, wish(2, "6"), TEN)
    assert ledger.month("2023-11").total == Decimal(10)
    with pytest.raises(InvalidInputs, match="max-cost-month") as caught:
        spend.reserve(ledger, wish(3, "0.01"), TEN)
    assert "$10.00" in caught.value.message


def test_reserving_twice_is_reserving_once() -> None:
    """A run whose answer was lost asks again and is not counted twice."""
    ledger = spend.reserve(Ledger(), wish(1, "6"), TEN)
    assert spend.reserve(ledger, wish(1, "6"), TEN) == ledger


def test_settle() -> None:
    """What a run did cost takes the place of what was set aside, in the month in which it was."""
    ledger = spend.reserve(Ledger(), wish(1), TEN)
    ledger = spend.settle(ledger, key(1), Decimal("0.25"))
    assert ledger.month("2023-11") == Month(spent=Decimal("0.25"))
    assert spend.settle(ledger, key(1), Decimal("0.25")) == ledger


def test_add_to_what_goes_on_and_to_what_is_over() -> None:
    """More for a run that goes on is set aside with the rest; for one that is over it is spent."""
    ledger = spend.reserve(Ledger(), wish(1), TEN)
    grown = spend.add(ledger, wish(1, "2"), TEN).month("2023-11")
    assert (grown.spent, grown.reserved[key(1)].dollars) == (Decimal(0), Decimal(6))
    spent = spend.add(ledger, wish(2, "2"), TEN).month("2023-11")
    assert (spent.spent, spent.total) == (Decimal(2), Decimal(6))
    with pytest.raises(InvalidInputs, match="max-cost-month"):
        spend.add(ledger, wish(1, "6.01"), TEN)


def test_next_month_begins_at_nothing() -> None:
    """A month's money does not count in the next one."""
    ledger = spend.reserve(Ledger(), wish(1, "9"), TEN)
    later = spend.reserve(ledger, wish(2, "9", at=START + 40 * 86_400), TEN)
    assert later.month("2023-12").total == Decimal(9)
    assert later.month("2023-11").total == Decimal(9)


def test_lost_run_counts_as_spent() -> None:
    """What a process had set aside that was lost is never given back by itself."""
    ledger = spend.reserve(Ledger(), wish(1, "9"), TEN)
    with pytest.raises(InvalidInputs, match="max-cost-month"):
        spend.reserve(ledger, wish(2, "2", at=START + 86_400), TEN)


@pytest.mark.parametrize(
    ("age", "alive", "allowed"),
    [
        (0.0, False, False),
        (UNSEEN - 1, False, False),
        (UNSEEN, False, True),
        (UNSEEN, True, False),
    ],
)
def test_concurrent(age: float, alive: bool, allowed: bool) -> None:  # noqa: FBT001
    """A run counts as going on while it has a droplet, and while that may be on its way."""
    one = Bounds(max_cost_month=None, concurrent=1)
    ledger = spend.reserve(Ledger(), wish(1), one)
    living = frozenset({key(1)} if alive else set())
    asked = wish(2, at=START + age, alive=living)
    if allowed:
        assert key(2) in spend.reserve(ledger, asked, one).month("2023-11").reserved
        return
    with pytest.raises(InvalidInputs, match="concurrent"):
        spend.reserve(ledger, asked, one)


def test_runs_from_elsewhere_count_too() -> None:
    """Droplets of the repository count whoever asked for them."""
    one = Bounds(max_cost_month=None, concurrent=1)
    with pytest.raises(InvalidInputs, match="concurrent"):
        spend.reserve(Ledger(), wish(1, alive=frozenset({key(9)})), one)


def test_ledger_round_trip() -> None:
    """A ledger is text that people can read, and is read back as it was."""
    month = Month(
        spent=Decimal("1.2345"), reserved={key(1): Reservation(dollars=Decimal("0.5"), at=START)}
    )
    ledger = Ledger(months={"2023-11": month, "2023-12": Month()})
    assert spend_file.decode(spend_file.encode(ledger)) == ledger
    assert spend_file.decode("") == Ledger()


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        "no JSON",
        '{"version": 2, "months": {}}',
        '{"version": 1, "months": {"2023-11": {"spent": "-5", "reserved": {}}}}',
        '{"version": 1, "months": {"2023-11": {"spent": "NaN", "reserved": {}}}}',
        '{"version": 1, "months": {"2023-11": {"spent": "1", "reserved": []}}}',
        '{"version": 1, "months": {"2023-11": {"spent": "x", "reserved": {}}}}',
    ],
)
def test_what_is_no_ledger(text: str) -> None:
    """What can't be read is not taken for nothing, nor for less than nothing."""
    with pytest.raises(ValueError, match=r"."):
        spend_file.decode(text)


async def test_broken_ledger_stops_everything() -> None:
    """A ledger that nobody can read lets nothing begin, and says where it is."""
    bot = FakeBot()
    bot.talk.store = Kept(text="{", version="1" * 40)
    await bot.say("/docklet run")
    assert bot.engine.carried == []
    assert "spend.json" in bot.replies[0]


async def test_eight_at_once_never_pass_the_bound() -> None:
    """Of eight commands at the same moment as many begin as the money lasts for."""
    talk, clock = FakeTalk(), FakeClock(START)
    asked = (set_aside(wish(n), TEN, talk, clock) for n in range(8))
    done = await asyncio.gather(*asked, return_exceptions=True)
    begun = [n for n, one in enumerate(done) if one is None]
    assert len(begun) == 2
    assert all(isinstance(one, InvalidInputs) for one in done if one is not None)
    assert max(totals(talk.history)) == Decimal(8)
    for n in begun:
        await settle(wish(n), Decimal("0.5"), talk, clock)
    assert totals(talk.history)[-1] == Decimal(1)


async def test_eight_commands_at_once() -> None:
    """The same through the bot itself: what is refused names the bound, and makes nothing."""
    bot = FakeBot()
    most = worst_case(make_plan(spec=make_spec(timeout=3600)))
    limit = f"{most * 3:f}"
    bot.talk.files[".github/docklet.yml"] = (
        f"{CONFIG}commands:\n  max-cost-month: {limit}\n  concurrent: 50\n"
    )
    await asyncio.gather(*(bot.say("/docklet run", comment=100 + n) for n in range(8)))
    assert len(bot.engine.carried) == 3
    assert sum("max-cost-month" in reply for reply in bot.replies) == 5
    assert max(totals(bot.talk.history)) == most * 3
    assert totals(bot.talk.history)[-1] == bot.engine.cost * 3


async def test_somebody_is_always_quicker() -> None:
    """Who never gets their turn is told so, and nothing begins."""

    class Busy(FakeTalk):
        async def keep(self, text: str, version: str) -> bool:
            del version
            return await super().keep(text, "another")

    talk = Busy()
    with pytest.raises(ForgeError, match="quicker"):
        await set_aside(wish(), TEN, talk, FakeClock(START))
    assert talk.calls.count("keep") == ATTEMPTS


async def test_nothing_is_kept_where_nothing_is_bounded() -> None:
    """Without bounds that need it no ref is written."""
    bot = FakeBot()
    bot.talk.files[".github/docklet.yml"] = (
        f"{CONFIG}commands:\n  max-cost-month: none\n  concurrent: none\n"
    )
    await bot.say("/docklet run")
    assert len(bot.engine.carried) == 1
    assert bot.talk.history == []


async def test_unsettled_run_is_told() -> None:
    """A run whose cost can't be noted has run all the same, and counts with its worst case."""
    bot = FakeBot()
    bot.engine.outcome = Outcome(reason=Reason.NOT_DELETED)
    await bot.say("/docklet run")
    assert len(bot.talk.history) == 1
    assert "counts this month" in bot.notices[-1]


def test_worst_case_is_the_droplets_whole_life() -> None:
    """A droplet may live as long as its deadline says, and longer when it may be kept."""
    plan = make_plan(spec=make_spec(timeout=3600))
    hourly = plan.size.price_hourly
    assert worst_case(plan) == cost_of(3600 + MARGIN, hourly)
    kept = replace(plan, spec=make_spec(timeout=3600, keep=Keep.ALWAYS, keep_for=7200))
    assert worst_case(kept) == cost_of(3600 + MARGIN + 7200, hourly)


def test_real_cost() -> None:
    """A kept droplet counts until it is gone, and one that may be left is not settled."""
    done = Outcome(reason=Reason.DONE, cost=Decimal("0.02"))
    assert real_cost(make_progress(outcome=done)) == Decimal("0.02")
    left = Outcome(reason=Reason.NOT_DELETED, cost=Decimal("0.02"))
    assert real_cost(make_progress(outcome=left)) is None
    never = make_progress(outcome=done, droplet_created=None)
    assert real_cost(never) == 0
    hourly = make_plan().size.price_hourly
    droplet = DropletKept(
        at=START, droplet_id=1, address="", until=int(START) + 7201, price_hourly=hourly, ssh=""
    )
    kept = make_progress(outcome=done, kept=droplet)
    assert real_cost(kept) == cost_of(7200, hourly)


async def test_failure_of_the_forge_refuses() -> None:
    """A run whose worst case can't be noted does not begin."""
    talk = FakeTalk()
    talk.failures["kept"] = [ForgeError("GitHub is down.")]
    with pytest.raises(DockletError, match="down"):
        await set_aside(wish(), NO_BOUND, talk, FakeClock(START))
