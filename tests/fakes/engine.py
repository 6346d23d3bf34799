"""An engine that runs nothing, and remembers who wanted what."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from docklet.domain.events import DropletCreated, Ended, Planned
from docklet.domain.identity import RunKey
from docklet.domain.outcome import Outcome, Reason
from docklet.domain.progress import Progress, advance
from tests.builders import START, make_identity, make_plan, make_spec

if TYPE_CHECKING:
    from docklet.bot.engine import Going, Order
    from docklet.domain.extension import Extension
    from docklet.domain.plan import Plan
    from docklet.ports import Clock


class FakeEngine:
    """Every run takes an hour, costs what it may cost at most, and ends well."""

    def __init__(self, clock: Clock) -> None:
        self.previewed: list[Order] = []
        self.carried: list[Order] = []
        self.stopped: list[tuple[RunKey, str]] = []
        self.kept: list[tuple[RunKey, int | None]] = []
        self.extended: list[tuple[RunKey, Extension]] = []
        self.max_cost: Decimal | None = None
        """What the runs that go on may cost, as their own inputs say."""
        self.droplets: list[Going] = []
        self.failures: dict[str, list[Exception]] = {}
        self.cost = Decimal("0.01")
        self.lines = "Hello\n"
        self.outcome = Outcome(reason=Reason.DONE)
        self.begins = True
        """Whether a run that is carried out gets as far as a plan."""
        self._clock = clock
        self._keys = 0

    def new_key(self) -> RunKey:
        """Return the next key."""
        self._keys += 1
        return RunKey(f"{self._keys:020x}")

    async def preview(self, order: Order) -> Plan:
        """Plan what was asked for."""
        self.previewed.append(order)
        self._fail("preview")
        return self._plan(order)

    async def carry_out(self, order: Order) -> Progress:
        """Wait for an hour and say that it went well."""
        self.carried.append(order)
        began = self._clock.now()
        await self._clock.sleep(3600.0)
        ended = Ended(at=began + 3600, outcome=replace(self.outcome, cost=self.cost))
        if not self.begins:
            return advance(Progress(), ended)
        progress = advance(Progress(), Planned(at=began, plan=self._plan(order)))
        made = DropletCreated(at=began, droplet_id=1, region="nyc3")
        return advance(advance(progress, made), ended)

    async def going(self) -> tuple[Going, ...]:
        """Return the droplets that the test put there."""
        self._fail("going")
        return tuple(self.droplets)

    async def stop(self, run: Going, by: str) -> str:
        """Note who wants what to end."""
        self._fail("stop")
        self.stopped.append((run.key, by))
        return "The script is being stopped."

    async def plan_of(self, run: Going) -> Plan:
        """Return a run that may take an hour, and whose droplet is kept for another."""
        self._fail("plan_of")
        identity = make_identity(key=run.key, deadline=int(START) + 5400)
        spec = make_spec(timeout=3600, max_cost=self.max_cost)
        return make_plan(spec=spec, identity=identity)

    async def extend(self, run: Going, more: Extension) -> float:
        """Note which script has more time; nobody knows what it took to start it."""
        self._fail("extend")
        self.extended.append((run.key, more))
        return self._clock.now() + more.limit

    async def keep(self, run: Going) -> str:
        """Note which droplet is to be kept."""
        self.kept.append((run.key, None))
        return "Its droplet will be kept."

    async def keep_until(self, run: Going, until: int) -> None:
        """Note until when a droplet is kept."""
        self._fail("keep_until")
        self.kept.append((run.key, until))

    async def log(self, run: Going, lines: int) -> str:
        """Return the end of the test's log."""
        del run
        self._fail("log")
        return "".join(self.lines.splitlines(keepends=True)[-lines:])

    def _plan(self, order: Order) -> Plan:
        identity = make_identity(key=order.key, deadline=int(START) + 7200)
        return make_plan(spec=order.spec, trigger=order.trigger, identity=identity)

    def _fail(self, name: str) -> None:
        if self.failures.get(name):
            raise self.failures[name].pop(0)
